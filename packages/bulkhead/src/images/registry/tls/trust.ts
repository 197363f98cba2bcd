import { createSecureContext, type SecureContext } from "node:tls";
import type { Endpoint } from "../endpoint.js";
import type { Local } from "../local.js";
import { unusable } from "./pem.js";

/**
 * Trust settings for a registry's connections. Its own CAs (`certs.d`) apply to everything it leads to, its token
 * server and blob storage included: a private CA usually covers these, too. Only the registry's own origin receives its
 * client certificates.
 */
export class Trust {
  readonly #endpoint: Endpoint;
  readonly #local: Local;
  readonly #contexts = new Map<string, Promise<SecureContext>>();
  #roots: Promise<readonly string[]> | undefined;

  constructor(endpoint: Endpoint, local: Local) {
    this.#endpoint = endpoint;
    this.#local = local;
  }

  /** Throws REGISTRY_CERTIFICATES. */
  async contextFor(url: URL): Promise<SecureContext> {
    const own = this.#endpoint.isOwn(url);
    const name = own ? this.#endpoint.registry : url.host;
    const context = this.#contexts.get(name) ?? this.#make(name, own);
    this.#contexts.set(name, context);
    return await context;
  }

  async #make(name: string, own: boolean): Promise<SecureContext> {
    this.#roots ??= this.#local.roots();
    const names = [...new Set([this.#endpoint.registry, name])];
    const hosts = Promise.all(names.map((each) => this.#local.certificates(each)));
    const [roots, found] = await Promise.all([this.#roots, hosts]);
    const authorities = found.flatMap((each) => each.authorities);
    const clients = own ? found.flatMap((each) => each.clients) : [];
    try {
      return createSecureContext({
        minVersion: "TLSv1.2",
        ca: [...roots, ...authorities],
        cert: clients.map(({ cert }) => cert),
        key: clients.map(({ key }) => key),
      });
    } catch (error) {
      if (clients.length === 0) throw error;
      throw unusable("use client certificate", name, "the certificate and the key do not fit");
    }
  }
}
