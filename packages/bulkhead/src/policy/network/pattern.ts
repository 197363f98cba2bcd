import { isIPv4, isIPv6 } from "node:net";
import { normalHost } from "./host.js";
import type { HostPattern, PortRange } from "./types.js";

/** A host and a port, separated. */
export interface Authority {
  readonly host: string;
  readonly port: string | undefined;
  readonly rest: string;
}

const V6_IN_BRACKETS = /^\[([^\]]*)\](\/\d{1,3})?(?::([^/]*))?(\/.*)?$/s;
const V4_RANGE = /^(\d+\.\d+\.\d+\.\d+\/\d{1,3})(?::([^/]*))?(\/.*)?$/s;
const PLAIN = /^([^/:]*)(?::([^/]*))?(\/.*)?$/s;

/** Splits `HOST[:PORT][/PATH]`, where HOST may be `[v6]`, bare `v6`, or a range. Undefined if invalid. */
export function splitAuthority(text: string): Authority | undefined {
  const [, bare = "", bits = ""] = /^([0-9a-f:.]+)(\/\d{1,3})?$/i.exec(text) ?? [];
  if (isIPv6(bare)) return { host: `${bare}${bits}`, port: undefined, rest: "" };
  const v6 = V6_IN_BRACKETS.exec(text);
  if (v6 !== null) {
    const [, address = "", prefix = "", port, rest = ""] = v6;
    return isIPv6(address) ? { host: `${address}${prefix}`, port, rest } : undefined;
  }
  const [, host, port, rest = ""] = V4_RANGE.exec(text) ?? PLAIN.exec(text) ?? [];
  return host === undefined ? undefined : { host, port, rest };
}

/** The meaning of `*`, `*.example.org`, `example.org`, an address or a range; a string describes the problem. */
export function hostPattern(text: string): HostPattern | string {
  if (text === "*") return { kind: "any" };
  const [address = "", bits, ...more] = text.split("/");
  const width = isIPv4(address) ? 32 : isIPv6(address) ? 128 : 0;
  if (width > 0 && more.length === 0) {
    const prefix = bits === undefined ? width : /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
    if (prefix < 0 || prefix > width) return `the prefix of a range is 0 to ${width}`;
    return { kind: "range", network: address, prefix };
  }
  const below = text.startsWith("*.");
  const host = normalHost(below ? text.slice(2) : text);
  if (host.kind === "invalid") return `${JSON.stringify(text)} is no host: ${host.reason}`;
  if (host.kind === "address") return `${JSON.stringify(text)} is no host`;
  return { kind: below ? "below" : "name", name: host.name };
}

/** `443`, `8000-8100` or `*`; undefined if invalid. */
export function portRange(text: string): PortRange | undefined {
  if (text === "*") return { from: 1, to: 65_535 };
  const [, first = "", last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last)];
  return from >= 1 && to <= 65_535 && from <= to ? { from, to } : undefined;
}
