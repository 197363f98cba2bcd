import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import { type Address, contains, specialityOf } from "./special.js";

/** An address, unwrapped and classified. */
export interface Classified {
  /** The address to connect to: a mapped IPv6 address becomes its IPv4 address. */
  readonly address: string;
  /** Why the address is not public; null if it is. */
  readonly special: string | null;
  /** The address itself and, if a translator (NAT64) leads from it to an IPv4 address, that address. */
  readonly forms: readonly Address[];
}

/** 64:ff9b::/96, through which networks without IPv4 reach it (RFC 6052). */
const NAT64 = { network: ipaddr.parse("64:ff9b::"), prefix: 96 };

/**
 * Classifies an address; undefined if the text is not one, or has a zone, which means something on one machine only.
 */
export function classify(text: string): Classified | undefined {
  if (isIP(text) === 0 || text.includes("%")) return undefined;
  const parsed = unmapped(ipaddr.parse(text));
  const inner = embedded(parsed);
  return {
    address: textOf(parsed),
    special: specialityOf(inner ?? parsed),
    forms: inner === null ? [parsed] : [parsed, inner],
  };
}

/** The IPv4 address that an IPv6 address merely encodes. */
export function unmapped(address: Address): Address {
  return address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
}

export function textOf(address: Address): string {
  return address instanceof ipaddr.IPv6 ? address.toRFC5952String() : address.toString();
}

function embedded(address: Address): ipaddr.IPv4 | null {
  if (!(address instanceof ipaddr.IPv6) || !contains(NAT64, address)) return null;
  return new ipaddr.IPv4(address.toByteArray().slice(12));
}
