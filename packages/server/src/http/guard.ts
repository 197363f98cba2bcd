import { BulkheadError } from "bulkhead";

/**
 * Decides which names this server answers for. A page of the web can make a browser send requests to 127.0.0.1 under
 * the page's own name (DNS rebinding); the Host header shows that name.
 */
export class HostGuard {
  readonly #names: ReadonlySet<string>;

  /** `names` beside those of the loopback: the address listened on, and what the operator named. */
  constructor(names: readonly string[]) {
    this.#names = new Set(["localhost", "127.0.0.1", "[::1]", ...names.map((name) => name.toLowerCase())]);
  }

  /** @throws BulkheadError SERVER_HOST_REFUSED */
  check(host: string | undefined, origin: string | undefined): void {
    const name = /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::\d{1,5})?$/.exec(host?.toLowerCase() ?? "")?.[1];
    if (name === undefined || !this.#names.has(name)) throw new BulkheadError("SERVER_HOST_REFUSED");
    // No page has a reason to call the API: there is no CORS, and tokens are not for browsers.
    if (origin !== undefined) throw new BulkheadError("SERVER_HOST_REFUSED");
  }
}
