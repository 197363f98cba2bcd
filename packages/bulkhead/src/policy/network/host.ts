import { isIPv4, isIPv6 } from "node:net";
import { domainToASCII } from "node:url";

/** A host in its one normal form, or why it has none. */
export type Host =
  /** Lower case, ASCII (punycode where it was not), without a dot at the end. */
  | { readonly kind: "name"; readonly name: string }
  /** An address, as Node writes it. */
  | { readonly kind: "address"; readonly address: string }
  | { readonly kind: "invalid"; readonly reason: string };

/** RFC 1035: 253 characters without the dot at the end. */
const LONGEST_NAME = 253;
/** Service names begin with an underscore, and some hosts have one. */
const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;
/** What the URL standard and inet_aton take for a number: a name that ends in one is an address to some resolvers. */
const NUMBER = /^(\d+|0x[0-9a-f]*)$/i;

/**
 * Brings what a client or a policy calls a host into one form, so that rules, resolvers and certificates are all asked about the same.
 *
 * What only some programs take for an address is refused: `0177.1`, `0x7f000001`, `2130706433`, `127.1`. A rule would see a name there,
 * and a resolver 127.0.0.1.
 */
export function normalHost(text: string): Host {
  if (text === "" || text.length > 2 * LONGEST_NAME) return invalid("a name of 1 to 253 characters");
  if (/[\s%\\/?#@<>^|"'`{}[\]\u0000-\u0020\u007f-\u009f]/.test(text)) return invalid("a character that no name has");
  if (text.includes(":")) return isIPv6(text) ? { kind: "address", address: text } : invalid("not an address");
  if (isIPv4(text)) return { kind: "address", address: text };
  const given = withoutDot(text.toLowerCase());
  if (endsInNumber(given)) return invalid("an address that is not in its usual form");
  const ascii = /^[\u0021-\u007e]*$/.test(given) ? checkedAscii(given) : domainToASCII(given);
  const name = withoutDot(ascii);
  if (name === "" || name.length > LONGEST_NAME) return invalid("not a name of the internet");
  // Full-width digits and other dots become ordinary ones, and the whole then perhaps an address.
  if (endsInNumber(name)) return invalid("an address that is not in its usual form");
  if (!name.split(".").every((label) => LABEL.test(label))) return invalid("not a name of the internet");
  return { kind: "name", name };
}

/** Punycode that stands for nothing is refused; other ASCII names are as they are. */
function checkedAscii(name: string): string {
  return /(^|\.)xn--/.test(name) ? domainToASCII(name) : name;
}

function withoutDot(name: string): string {
  return name.endsWith(".") ? name.slice(0, -1) : name;
}

function endsInNumber(name: string): boolean {
  return NUMBER.test(withoutDot(name).split(".").at(-1) ?? "");
}

function invalid(reason: string): Host {
  return { kind: "invalid", reason };
}
