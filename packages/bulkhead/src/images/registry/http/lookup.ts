import { type LookupAddress, promises, lookup as systemLookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import type { Endpoint } from "../endpoint.js";

/**
 * Resolves a host's name for one connection and lets the endpoint judge each address. At connection time and not
 * before: a name resolved twice may have two answers.
 */
export function guardedLookup(endpoint: Endpoint, url: URL): LookupFunction {
  return (hostname, options, callback) => {
    systemLookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      const [first] = addresses ?? [];
      if (error !== null || first === undefined) {
        callback(error ?? Object.assign(new Error("no address"), { code: "ENOTFOUND" }), "", 4);
        return;
      }
      try {
        // One bad address among good ones is no accident: refuse all.
        for (const { address } of addresses) endpoint.checkAddress(address, url);
      } catch (refusal) {
        callback(refusal as NodeJS.ErrnoException, "", 4);
        return;
      }
      if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

/** A literal address is never resolved, so it is judged here. Throws REGISTRY_UNSAFE. */
export function checkLiteral(endpoint: Endpoint, url: URL): void {
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  if (isIP(host) !== 0) endpoint.checkAddress(host, url);
}

/**
 * Judges a host that a proxy connects to. The proxy resolves the name, and may know names that are unknown here; a name
 * that is known here must not resolve to an address that would be refused without a proxy. Throws REGISTRY_UNSAFE.
 */
export async function checkBehindProxy(endpoint: Endpoint, url: URL): Promise<void> {
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  if (isIP(host) !== 0) return;
  const known = await promises.lookup(host, { all: true }).catch(() => []);
  if (known.length === 0) endpoint.checkUnresolved(url);
  for (const { address } of known) endpoint.checkAddress(address, url);
}
