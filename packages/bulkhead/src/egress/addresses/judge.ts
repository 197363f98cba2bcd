import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import ipaddr from "ipaddr.js";
import type { HostPattern } from "../../policy/network/types.js";
import { contains, isAllSpecial, specialityOf, THIS_HOST } from "./special.js";

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** An address, unwrapped and classified. */
export interface Judged {
  /** To connect to: an IPv4 address that came as a mapped IPv6 one is an IPv4 address. */
  readonly address: string;
  /** Why it is not public; null: it is. */
  readonly special: string | null;
  /** The same and, where a translator (NAT64) leads from it to an IPv4 address, that one: what rules are asked about. */
  readonly forms: readonly Address[];
}

/** 64:ff9b::/96, by which networks without IPv4 reach it (RFC 6052). */
const NAT64 = { network: ipaddr.parse("64:ff9b::"), prefix: 96 };

/** Classifies an address; undefined: it is none, or has a zone, which only means something on one machine. */
export function judge(text: string): Judged | undefined {
  if (isIP(text) === 0 || text.includes("%")) return undefined;
  const parsed = unmapped(ipaddr.parse(text));
  const inner = embedded(parsed);
  const forms = inner === null ? [parsed] : [parsed, inner];
  const address = textOf(parsed);
  const special = specialityOf(inner ?? parsed) ?? (ownAddresses().has(address) ? THIS_HOST : null);
  return { address, special, forms };
}

/** Whether a range of a rule holds an address. */
export function isInRange(pattern: HostPattern, { forms }: Judged): boolean {
  if (pattern.kind !== "range") return false;
  const range = rangeOf(pattern);
  return forms.some((form) => contains(range, form));
}

/** Whether a rule's range means addresses that are not public, and not merely holds some: one address always does. */
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

function unmapped(address: Address): Address {
  return address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
}

function embedded(address: Address): ipaddr.IPv4 | null {
  if (!(address instanceof ipaddr.IPv6) || !contains(NAT64, address)) return null;
  return new ipaddr.IPv4(address.toByteArray().slice(12));
}

function textOf(address: Address): string {
  return address instanceof ipaddr.IPv6 ? address.toRFC5952String() : address.toString();
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
