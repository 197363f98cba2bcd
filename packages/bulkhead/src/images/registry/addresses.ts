import { BlockList, isIP, isIPv4 } from "node:net";

/** How far away an address is. `never`: nothing that Bulkhead is told from outside may lead there. */
export type Reach = "loopback" | "private" | "public" | "never";

/**
 * Link-local addresses, on which clouds answer with a machine's credentials, the other addresses that some use for that,
 * and what is no address of one host. `0.0.0.0` would connect to this machine.
 */
const never = blockList(
  ["0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "192.0.0.192/32", "100.100.100.200/32", "168.63.129.16/32"],
  ["::/128", "fe80::/10", "ff00::/8", "fd00:ec2::254/128", "fd20:ce::254/128"],
);
const loopback = blockList(["127.0.0.0/8"], ["::1/128"]);
const privateUse = blockList(
  ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "198.18.0.0/15", "192.0.0.0/24"],
  ["fc00::/7", "fec0::/10"],
);

/** Classifies an address, `never` for what is none. An IPv4 address in the clothes of an IPv6 one counts as what it is. */
export function reachOf(address: string): Reach {
  const plain = address.replace(/%.*$/, "");
  const family = isIP(plain);
  if (family === 0) return "never";
  const inner = family === 6 ? embeddedIPv4(plain) : undefined;
  if (inner !== undefined) return reachOf(inner);
  const kind = family === 6 ? "ipv6" : "ipv4";
  if (never.check(plain, kind)) return "never";
  if (loopback.check(plain, kind)) return "loopback";
  return privateUse.check(plain, kind) ? "private" : "public";
}

/** The IPv4 address in an IPv6 one: mapped, compatible, of NAT64, of 6to4. */
function embeddedIPv4(address: string): string | undefined {
  const words = ipv6Words(address);
  const [a, b, c, d, e, f, g = 0, h = 0] = words;
  const rest = [b, c, d, e];
  if (a === 0 && rest.every((word) => word === 0) && (f === 0xffff || (f === 0 && g !== 0))) return dotted(g, h);
  if (a === 0x64 && b === 0xff9b && [c, d, e, f].every((word) => word === 0)) return dotted(g, h);
  if (a === 0x2002) return dotted(b ?? 0, c ?? 0);
  return undefined;
}

function ipv6Words(address: string): readonly number[] {
  // A URL parser writes an address in one way only, and without dots.
  const hex = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [before = "", after] = hex.split("::");
  const head = before === "" ? [] : before.split(":");
  const tail = after === undefined || after === "" ? [] : after.split(":");
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => "0");
  return [...head, ...zeros, ...tail].map((word) => Number.parseInt(word, 16));
}

function dotted(high: number, low: number): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

function blockList(ipv4: readonly string[], ipv6: readonly string[]): BlockList {
  const list = new BlockList();
  for (const subnet of [...ipv4, ...ipv6]) {
    const [network = "", prefix] = subnet.split("/");
    list.addSubnet(network, Number(prefix), isIPv4(network) ? "ipv4" : "ipv6");
  }
  return list;
}
