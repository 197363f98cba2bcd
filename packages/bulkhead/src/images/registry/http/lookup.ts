import { type LookupAddress, promises, lookup as systemLookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import type { Endpoint } from "../endpoint.js";

/**
 * Resolves a host's name for one connection and lets the endpoint judge each address. Done where the connection is made, not
 * before: a name that is resolved twice may have two answers.
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
        // One that is refused among good ones is no accident: all are refused.
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

/** A host that is an address is never looked up: it is judged here. Throws REGISTRY_UNSAFE. */
export function checkLiteral(endpoint: Endpoint, url: URL): void {
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  if (isIP(host) !== 0) endpoint.checkAddress(host, url);
}

/**
 * Judges a host that a proxy connects to. The proxy resolves its name, and may know names that nobody here does: one that is known here must not be that of
 * an address that would be refused without a proxy. Throws REGISTRY_UNSAFE.
 */
export async function checkBehindProxy(endpoint: Endpoint, url: URL): Promise<void> {
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  if (isIP(host) !== 0) return;
  const known = await promises.lookup(host, { all: true }).catch(() => []);
  if (known.length === 0) endpoint.checkUnresolved(url);
  for (const { address } of known) endpoint.checkAddress(address, url);
}
