import { networkInterfaces } from "node:os";
import ipaddr from "ipaddr.js";
import { type Classified, classify, textOf, unmapped } from "../../addresses/classify.js";
import { type Address, contains, isAllSpecial, THIS_HOST } from "../../addresses/special.js";
import type { HostPattern } from "../../policy/network/types.js";

/** Classifies the destination of a connection from this host to an address. */
export function judge(text: string): Classified | undefined {
  const found = classify(text);
  if (found === undefined || found.special !== null) return found;
  return { ...found, special: ownAddresses().has(found.address) ? THIS_HOST : null };
}

/** Whether a rule's range contains an address. */
export function isInRange(pattern: HostPattern, { forms }: Pick<Classified, "forms">): boolean {
  if (pattern.kind !== "range") return false;
  const range = rangeOf(pattern);
  return forms.some((form) => contains(range, form));
}

/**
 * Whether a rule's range names non-public addresses, and does not merely contain some: a single address always does.
 */
export function namesSpecial(pattern: HostPattern): boolean {
  if (pattern.kind !== "range") return false;
  const { network, prefix } = rangeOf(pattern);
  return prefix === (network instanceof ipaddr.IPv4 ? 32 : 128) || isAllSpecial(network, prefix);
}

function rangeOf({ network, prefix }: HostPattern & { readonly kind: "range" }): { network: Address; prefix: number } {
  const parsed = ipaddr.parse(network);
  const inner = unmapped(parsed);
  return inner === parsed ? { network: parsed, prefix } : { network: inner, prefix: Math.max(0, prefix - 96) };
}

let own: { readonly addresses: ReadonlySet<string>; readonly until: number } | undefined;

/** Services that listen on every interface answer on a public address of this host as they do on loopback. */
function ownAddresses(): ReadonlySet<string> {
  const now = performance.now();
  if (own === undefined || own.until < now) {
    const found = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
    const plain = found.map(({ address }) => textOf(ipaddr.parse(address.replace(/%.*$/, ""))));
    own = { addresses: new Set(plain), until: now + 5_000 };
  }
  return own.addresses;
}
