import { type DOCKER_HUB, type ImageName, isRegistry } from "../reference/name.js";
import { type Reach, reachOf } from "./addresses.js";
import { unsafe } from "./failure.js";
import type { RegistrySettings } from "./settings.js";

/** Names of registries whose API is at another host. */
const API_HOSTS: Readonly<Record<string, string>> = { "docker.io": "registry-1.docker.io" } satisfies Record<
  typeof DOCKER_HUB,
  string
>;

/** Where clouds answer with a machine's credentials, by name. */
const METADATA_NAMES = /^(metadata|metadata\.google\.internal|metadata\.goog|instance-data(\..*)?)\.?$/i;

/**
 * Where a registry's API is, and what it may lead to.
 *
 * A registry can name other addresses: in redirects, and as its token server. Those are requests that Bulkhead makes from where it
 * runs, so a stranger's registry must not choose what on this machine or in its network is asked.
 */
export class Endpoint {
  readonly registry: string;
  /** TLS is tried first, and may turn out not to be spoken. */
  readonly mayBePlain: boolean;
  #base: URL;
  readonly #insecure: ReadonlySet<string>;
  /** The furthest that the registry itself was found at. */
  #reach: Reach | undefined;

  constructor({ registry }: Pick<ImageName, "registry">, { insecure }: Pick<RegistrySettings, "insecure">) {
    const host = Object.hasOwn(API_HOSTS, registry) ? (API_HOSTS[registry] ?? registry) : registry;
    if (!isRegistry(host)) throw unsafe("registry", registry);
    this.registry = registry;
    this.#insecure = insecure;
    this.mayBePlain = isLoopbackName(host) || insecure.has(registry);
    this.#base = new URL(`https://${host}/`);
  }

  /** `https://host/`, or `http://host/` where that is allowed and TLS is not spoken. */
  get base(): URL {
    return this.#base;
  }

  /** TLS is not spoken. Only for one that may be plain. */
  doWithoutTls(): void {
    if (!this.mayBePlain) throw unsafe("no TLS", this.registry);
    this.#base = new URL(`http://${this.#base.host}/`);
  }

  /** Whether a URL is the registry's own: credentials go there, and nowhere else. Port and protocol are part of it. */
  isOwn(url: URL): boolean {
    return url.origin === this.base.origin;
  }

  /** Refuses a URL that the registry named, before anything is resolved. Throws REGISTRY_UNSAFE. */
  checkUrl(url: URL, from: URL): void {
    if (url.username !== "" || url.password !== "") throw unsafe("credentials in a URL", url.host);
    if (url.protocol === "https:") return;
    // What came without TLS may go on without; what came with it may not lose it.
    const plain = url.protocol === "http:" && from.protocol === "http:";
    if (plain && (this.isOwn(url) || this.#insecure.has(url.host) || isLoopbackName(url.host))) return;
    throw unsafe("no TLS", `${url.protocol}//${url.host}`);
  }

  /** Refuses an address that a URL's host turned out to have. Throws REGISTRY_UNSAFE. */
  checkAddress(address: string, url: URL): void {
    const reach = reachOf(address);
    if (reach === "never") throw unsafe("address", `${url.host} (${address})`);
    if (url.protocol === "http:" && reach !== "loopback" && !this.#insecure.has(this.#nameOf(url))) {
      throw unsafe("no TLS", `${url.host} (${address})`);
    }
    if (this.isOwn(url)) {
      this.#reach = farther(this.#reach, reach);
      return;
    }
    // The user named the registry. What the registry names may be as near as the registry itself is, and no nearer.
    const own = this.#reach ?? "public";
    if (farther(own, reach) !== reach) throw unsafe("address", `${url.host} (${address})`);
  }

  /** A name that only a proxy can resolve is not near: what is, this machine would know. Throws REGISTRY_UNSAFE. */
  checkUnresolved(url: URL): void {
    if (METADATA_NAMES.test(url.hostname)) throw unsafe("address", url.host);
    if (this.isOwn(url)) this.#reach = farther(this.#reach, "public");
  }

  #nameOf(url: URL): string {
    return this.isOwn(url) ? this.registry : url.host;
  }
}

/** `localhost` and addresses of loopback, with or without a port. Whether the name leads there is checked when it was resolved. */
function isLoopbackName(host: string): boolean {
  const name = host.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
  return name === "localhost" || name.endsWith(".localhost") || reachOf(name) === "loopback";
}

const ORDER: readonly Reach[] = ["loopback", "private", "public"];

function farther(one: Reach | undefined, other: Reach): Reach {
  return one === undefined || ORDER.indexOf(one) <= ORDER.indexOf(other) ? other : one;
}
