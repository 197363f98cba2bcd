import { BulkheadError } from "../../errors/bulkhead-error.js";
import { DOCUMENT_BYTES } from "../documents/bounds.js";
import { invalid } from "../documents/invalid.js";
import { INDEX_TYPES, MANIFEST_TYPES } from "../documents/oci.js";
import { type Digest, digestOf } from "../reference/digest.js";
import type { ImageName } from "../reference/name.js";
import { Authorizer } from "./auth/authorizer.js";
import { Endpoint } from "./endpoint.js";
import { shown, TransientFailure } from "./failure.js";
import { readBody } from "./http/body.js";
import { Agents, type Answer, type Line } from "./http/exchange.js";
import { follow } from "./http/follow.js";
import { speaksTls } from "./http/plain.js";
import { Patience, retryAfterMs } from "./http/retry.js";
import type { Local } from "./local.js";
import { type Registry, unlessMissing } from "./registry.js";
import type { ClientSettings } from "./settings.js";

const ACCEPTED = [...MANIFEST_TYPES, ...INDEX_TYPES].join(", ");

/**
 * One repository of a registry that speaks the OCI distribution specification 1.1, or Docker's Registry API v2: the
 * part of both that pulling needs. Only the length of its results has been checked.
 */
export class RegistryClient implements Registry, Disposable {
  readonly #line: Line;
  readonly #settings: ClientSettings;
  readonly #repository: string;
  readonly #authorizer: Authorizer;
  #settled: Promise<void> | undefined;

  constructor(name: ImageName, settings: ClientSettings, local: Local, signal?: AbortSignal) {
    const endpoint = new Endpoint(name, settings);
    this.#line = { endpoint, agents: new Agents(endpoint, settings, local), headMs: settings.timing.headMs, signal };
    this.#settings = settings;
    this.#repository = name.repository;
    this.#authorizer = new Authorizer(this.#line, name.repository, settings, local);
  }

  [Symbol.dispose](): void {
    this.#line.agents[Symbol.dispose]();
  }

  /** Counts the failures of one download. */
  patience(): Patience {
    return new Patience(this.#settings.timing, this.#line.signal);
  }

  /**
   * A manifest or an index, and the type that the registry reports. Throws IMAGE_NOT_FOUND, IMAGE_LIMIT, REGISTRY_*.
   */
  async manifest(reference: string): Promise<{ readonly bytes: Uint8Array; readonly mediaType: string | undefined }> {
    const path = this.#path("manifests", reference);
    const patience = this.patience();
    for (;;) {
      try {
        const answer = await this.#get(path, { accept: ACCEPTED });
        if (answer.status !== 200) throw refusal(answer, "get manifest", this.#shown(path));
        const bytes = await readBody(answer, DOCUMENT_BYTES, this.#settings.timing);
        return { bytes, mediaType: answer.headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase() };
      } catch (error) {
        await patience.after(error, "get manifest", this.#shown(path));
      }
    }
  }

  /**
   * The documents that refer to a manifest, as an index; undefined if the registry does not support it. Throws
   * IMAGE_LIMIT, REGISTRY_*.
   */
  async referrers(digest: Digest): Promise<Uint8Array | undefined> {
    const path = this.#path("referrers", digest);
    return await this.#whole(path, "get referrers", DOCUMENT_BYTES, { accept: ACCEPTED }).catch(unlessMissing);
  }

  /** A small blob, complete and checked. Throws IMAGE_LIMIT, IMAGE_INVALID, REGISTRY_*. */
  async document(digest: Digest, maximum: number): Promise<Uint8Array> {
    const bytes = await this.#whole(this.#path("blobs", digest), "get blob", maximum, {});
    if (digestOf(bytes) !== digest) throw invalid("get blob", "digest", digest);
    return bytes;
  }

  async #whole(
    path: string,
    operation: string,
    maximum: number,
    headers: Readonly<Record<string, string>>,
  ): Promise<Uint8Array> {
    const patience = this.patience();
    for (;;) {
      try {
        const answer = await this.#get(path, headers);
        if (answer.status !== 200) throw refusal(answer, operation, this.#shown(path));
        return await readBody(answer, maximum, this.#settings.timing);
      } catch (error) {
        await patience.after(error, operation, this.#shown(path));
      }
    }
  }

  /**
   * A blob from `offset` on: status 200 (all of it), 206 (from there) or 416 (it is not that long). One try; the
   * caller, which counts bytes, decides about another. Throws TransientFailure, IMAGE_NOT_FOUND, REGISTRY_*.
   */
  async blob(digest: Digest, offset: number): Promise<Answer> {
    const path = this.#path("blobs", digest);
    const answer = await this.#get(path, offset === 0 ? {} : { range: `bytes=${offset}-` });
    if (answer.status === 200 || (offset > 0 && (answer.status === 206 || answer.status === 416))) return answer;
    throw refusal(answer, "get blob", this.#shown(path));
  }

  /** A blob's URL, for messages. */
  blobPath(digest: Digest): string {
    return this.#shown(this.#path("blobs", digest));
  }

  async #get(path: string, headers: Readonly<Record<string, string>>): Promise<Answer> {
    await this.#settleProtocol();
    const url = new URL(path, this.#line.endpoint.base);
    const used = this.#authorizer.header;
    const first = await follow(this.#line, url, headers, used);
    // A 401 from a redirect's target is not the registry's, and says nothing about its credentials.
    if (first.status !== 401 || !this.#line.endpoint.isOwn(first.url)) return first;
    first.body.destroy();
    const again = await this.#authorizer.answer(first.headers["www-authenticate"], used);
    return await follow(this.#line, url, headers, again);
  }

  /** Several requests may be the first; a failure is not remembered. */
  async #settleProtocol(): Promise<void> {
    const { endpoint } = this.#line;
    if (!endpoint.mayBePlain) return;
    this.#settled ??= speaksTls(this.#line, endpoint.base).then(
      (spoken) => (spoken ? undefined : endpoint.doWithoutTls()),
      (error: unknown) => {
        this.#settled = undefined;
        throw error;
      },
    );
    await this.#settled;
  }

  #path(kind: "manifests" | "blobs" | "referrers", reference: string): string {
    return `/v2/${this.#repository}/${kind}/${reference}`;
  }

  #shown(path: string): string {
    return shown(new URL(path, this.#line.endpoint.base));
  }
}

/**
 * Maps a status other than success to an error. Does not read the body, which is untrusted and may repeat the request.
 */
function refusal({ status, headers, body }: Answer, operation: string, path: string): Error {
  body.destroy();
  const context = { operation, path, detail: `HTTP ${status}` };
  if (status === 404) return new BulkheadError("IMAGE_NOT_FOUND", context);
  if (status === 401 || status === 403) return new BulkheadError("REGISTRY_DENIED", context);
  if (status === 408 || status === 429 || status >= 500) {
    return new TransientFailure({ detail: context.detail }, { retryAfterMs: retryAfterMs(headers["retry-after"]) });
  }
  return new BulkheadError("REGISTRY_UNAVAILABLE", context);
}
