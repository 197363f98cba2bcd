import { type DOCKER_HUB, type ImageName, isRegistry } from "../reference/name.js";
import { type Reach, reachOf } from "./addresses.js";
import { unsafe } from "./failure.js";
import type { RegistrySettings } from "./settings.js";

/** Registries whose API is on another host. */
const API_HOSTS: Readonly<Record<string, string>> = { "docker.io": "registry-1.docker.io" } satisfies Record<
  typeof DOCKER_HUB,
  string
>;

/** Names under which clouds give out a machine's credentials. */
const METADATA_NAMES = /^(metadata|metadata\.google\.internal|metadata\.goog|instance-data(\..*)?)\.?$/i;

/**
 * A registry's API endpoint, and the addresses it may lead to.
 *
 * A registry can name other addresses: in redirects, and as its token server. Bulkhead makes those requests from its
 * own network, so an untrusted registry must not choose their targets on this machine or its network.
 */
export class Endpoint {
  readonly registry: string;
  /** TLS is tried first, but the registry may not speak it. */
  readonly mayBePlain: boolean;
  #base: URL;
  readonly #insecure: ReadonlySet<string>;
  /** The farthest address that the registry itself had. */
  #reach: Reach | undefined;

  constructor({ registry }: Pick<ImageName, "registry">, { insecure }: Pick<RegistrySettings, "insecure">) {
    const host = Object.hasOwn(API_HOSTS, registry) ? (API_HOSTS[registry] ?? registry) : registry;
    if (!isRegistry(host)) throw unsafe("registry", registry);
    this.registry = registry;
    this.#insecure = insecure;
    this.mayBePlain = isLoopbackName(host) || insecure.has(registry);
    this.#base = new URL(`https://${host}/`);
  }

  /** `https://host/`, or `http://host/` if that is allowed and the registry does not speak TLS. */
  get base(): URL {
    return this.#base;
  }

  /** Switches to plain HTTP. Only for an endpoint that may be plain. */
  doWithoutTls(): void {
    if (!this.mayBePlain) throw unsafe("no TLS", this.registry);
    this.#base = new URL(`http://${this.#base.host}/`);
  }

  /** Whether a URL is the registry's own, port and protocol included: only that receives credentials. */
  isOwn(url: URL): boolean {
    return url.origin === this.base.origin;
  }

  /** Refuses a URL that the registry named, before it is resolved. Throws REGISTRY_UNSAFE. */
  checkUrl(url: URL, from: URL): void {
    if (url.username !== "" || url.password !== "") throw unsafe("credentials in a URL", url.host);
    if (url.protocol === "https:") return;
    // A chain that began without TLS may continue without; one that began with TLS may not lose it.
    const plain = url.protocol === "http:" && from.protocol === "http:";
    if (plain && (this.isOwn(url) || this.#insecure.has(url.host) || isLoopbackName(url.host))) return;
    throw unsafe("no TLS", `${url.protocol}//${url.host}`);
  }

  /** Refuses a resolved address of a URL's host. Throws REGISTRY_UNSAFE. */
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
    // The user named the registry. URLs from the registry may lead as near as the registry itself is, but no nearer.
    const own = this.#reach ?? "public";
    if (farther(own, reach) !== reach) throw unsafe("address", `${url.host} (${address})`);
  }

  /** A name that only a proxy can resolve is not near: this machine would know a near one. Throws REGISTRY_UNSAFE. */
  checkUnresolved(url: URL): void {
    if (METADATA_NAMES.test(url.hostname)) throw unsafe("address", url.host);
    if (this.isOwn(url)) this.#reach = farther(this.#reach, "public");
  }

  #nameOf(url: URL): string {
    return this.isOwn(url) ? this.registry : url.host;
  }
}

/** `localhost` and loopback addresses, with or without a port. The resolved address is checked later. */
function isLoopbackName(host: string): boolean {
  const name = host.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
  return name === "localhost" || name.endsWith(".localhost") || reachOf(name) === "loopback";
}

const ORDER: readonly Reach[] = ["loopback", "private", "public"];

function farther(one: Reach | undefined, other: Reach): Reach {
  return one === undefined || ORDER.indexOf(one) <= ORDER.indexOf(other) ? other : one;
}
