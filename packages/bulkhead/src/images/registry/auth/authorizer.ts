import { BulkheadError } from "../../../errors/bulkhead-error.js";
import { unsafe } from "../failure.js";
import type { Line } from "../http/exchange.js";
import type { Local } from "../local.js";
import type { ClientSettings } from "../settings.js";
import { type Challenge, parseChallenges } from "./challenge.js";
import type { Credentials } from "./docker-config.js";
import { mayHaveCredentials, realmUrl } from "./realm.js";
import { basic, fetchToken } from "./token.js";

/** Obtains and keeps the credentials that a registry requires for one repository. */
export class Authorizer {
  readonly #line: Line;
  readonly #scope: string;
  readonly #settings: ClientSettings;
  readonly #local: Local;
  #credentials: Promise<Credentials | undefined> | undefined;
  #header: string | undefined;
  /** Several requests are refused at once when a token expires; one of them gets the next token. */
  #underWay: Promise<string> | undefined;

  constructor(line: Line, repository: string, settings: ClientSettings, local: Local) {
    this.#line = line;
    this.#scope = `repository:${repository}:pull`;
    this.#settings = settings;
    this.#local = local;
  }

  /** The last valid `Authorization` header; none is sent before the registry has asked. */
  get header(): string | undefined {
    return this.#header;
  }

  /**
   * Answers a 401 to a request sent with the header `used`. Returns the header to try next. Throws REGISTRY_DENIED if
   * there is none, REGISTRY_UNSAFE, REGISTRY_CREDENTIALS, and as `fetchToken`.
   */
  async answer(challengeHeader: string | undefined, used: string | undefined): Promise<string> {
    if (this.#header !== undefined && this.#header !== used) return this.#header;
    this.#underWay ??= this.#obtain(parseChallenges(challengeHeader)).finally(() => {
      this.#underWay = undefined;
    });
    const header = await this.#underWay;
    this.#header = header;
    return header;
  }

  async #obtain(challenges: readonly Challenge[]): Promise<string> {
    const { endpoint } = this.#line;
    this.#credentials ??= this.#local.credentials();
    const credentials = await this.#credentials;
    const bearer = challenges.find(({ scheme, parameters }) => scheme === "bearer" && "realm" in parameters);
    if (bearer !== undefined) return await this.#token(bearer, credentials);
    const path = endpoint.registry;
    if (!challenges.some(({ scheme }) => scheme === "basic")) {
      throw new BulkheadError("REGISTRY_DENIED", { operation: "log in", path, detail: "HTTP 401" });
    }
    if (credentials?.kind !== "password") {
      throw new BulkheadError("REGISTRY_DENIED", { operation: "log in", path, detail: "no credentials" });
    }
    return basic(credentials);
  }

  async #token({ parameters }: Challenge, credentials: Credentials | undefined): Promise<string> {
    const { endpoint } = this.#line;
    const realm = realmUrl(endpoint, parameters["realm"] ?? "");
    // Without credentials the image would seem to be missing.
    if (credentials !== undefined && !mayHaveCredentials(endpoint, realm, this.#settings)) {
      throw unsafe("credentials for another token server", realm.origin);
    }
    const request = { service: parameters["service"], scope: this.#scope };
    return `Bearer ${await fetchToken(this.#line, realm, request, credentials, this.#settings.timing)}`;
  }
}
