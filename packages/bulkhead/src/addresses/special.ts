import ipaddr from "ipaddr.js";

export type Address = ipaddr.IPv4 | ipaddr.IPv6;

interface Block {
  readonly what: string;
  readonly network: Address;
  readonly prefix: number;
}

/** Addresses at which clouds give a machine its credentials. */
const METADATA = "metadata of clouds";

/** This machine's own address on a public network. */
export const THIS_HOST = "this host";

/**
 * Addresses that a rule permits when it lets a name resolve to private ones: never those that give out a machine's
 * credentials.
 */
const PRIVATE: ReadonlySet<string> = new Set([
  "private",
  "loopback",
  "shared (carrier-grade NAT)",
  "site-local",
  THIS_HOST,
]);

export function isPrivate(speciality: string): boolean {
  return PRIVATE.has(speciality);
}

/**
 * Addresses that are not public (IANA's registries of special-purpose addresses), and addresses at which clouds give
 * out a machine's credentials. Only 2000::/3 of IPv6 is in public use, so the rest is listed as a whole.
 */
const BLOCKS: readonly Block[] = [
  block("unspecified", "0.0.0.0/8"),
  block("private", "10.0.0.0/8"),
  block(METADATA, "100.100.100.200/32"),
  block("shared (carrier-grade NAT)", "100.64.0.0/10"),
  block("loopback", "127.0.0.0/8"),
  block(METADATA, "168.63.129.16/32"),
  block("link-local", "169.254.0.0/16"),
  block("private", "172.16.0.0/12"),
  block(METADATA, "192.0.0.192/32"),
  block("protocol assignments", "192.0.0.0/24"),
  block("documentation", "192.0.2.0/24"),
  block("6to4 relays", "192.88.99.0/24"),
  block("private", "192.168.0.0/16"),
  block("benchmarks", "198.18.0.0/15"),
  block("documentation", "198.51.100.0/24"),
  block("documentation", "203.0.113.0/24"),
  block("multicast", "224.0.0.0/4"),
  block("reserved", "240.0.0.0/4"),
  block("unspecified", "::/128"),
  block("loopback", "::1/128"),
  block("NAT64 of a local network", "64:ff9b:1::/48"),
  block("reserved", "::/3"),
  block("protocol assignments", "2001::/23"),
  block("documentation", "2001:db8::/32"),
  // An encoded IPv4 address, for a tunnel that no one has run for years.
  block("6to4", "2002::/16"),
  block("documentation", "3fff::/20"),
  block("reserved", "4000::/2"),
  block(METADATA, "fd00:ec2::254/128"),
  block(METADATA, "fd20:ce::254/128"),
  block("private", "fc00::/7"),
  block("link-local", "fe80::/10"),
  block("site-local", "fec0::/10"),
  block("multicast", "ff00::/8"),
  block("reserved", "8000::/1"),
];

/** Why an address is special; null if it is public. */
export function specialityOf(address: Address): string | null {
  return BLOCKS.find((each) => contains(each, address))?.what ?? null;
}

/** Whether a whole range is special: only then does naming the range permit it. `0.0.0.0/0` does not name 127.0.0.1. */
export function isAllSpecial(network: Address, prefix: number): boolean {
  return BLOCKS.some((each) => prefix >= each.prefix && contains(each, network));
}

/** Whether `address` is in a range; an address of the other family never is. */
export function contains(
  { network, prefix }: { readonly network: Address; readonly prefix: number },
  address: Address,
): boolean {
  if (network instanceof ipaddr.IPv4) return address instanceof ipaddr.IPv4 && address.match(network, prefix);
  return address instanceof ipaddr.IPv6 && address.match(network, prefix);
}

function block(what: string, range: string): Block {
  const [network, prefix] = ipaddr.parseCIDR(range);
  return { what, network, prefix };
}
