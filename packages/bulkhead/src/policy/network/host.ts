import { isIPv4, isIPv6 } from "node:net";
import { domainToASCII } from "node:url";

/** A host in its normal form, or why it has none. */
export type Host =
  /** Lower case, ASCII (punycode if it was not), without a trailing dot. */
  | { readonly kind: "name"; readonly name: string }
  /** An address in the form that Node writes. */
  | { readonly kind: "address"; readonly address: string }
  | { readonly kind: "invalid"; readonly reason: string };

/** RFC 1035: 253 characters without the trailing dot. */
const LONGEST_NAME = 253;
/** Service names begin with an underscore, and so do some host names. */
const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;
/** A number according to the URL standard and inet_aton: some resolvers take a name that ends in one for an address. */
const NUMBER = /^(\d+|0x[0-9a-f]*)$/i;

/**
 * Normalises a host from a client or policy, so that rules, resolvers and certificates all see the same name.
 *
 * Refuses forms that only some programs take for an address: `0177.1`, `0x7f000001`, `2130706433`, `127.1`. A rule
 * would see a name there, and a resolver 127.0.0.1.
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
  // Full-width digits and dots become ordinary ones, and the whole may then be an address.
  if (endsInNumber(name)) return invalid("an address that is not in its usual form");
  if (!name.split(".").every((label) => LABEL.test(label))) return invalid("not a name of the internet");
  return { kind: "name", name };
}

/** Refuses punycode that decodes to nothing; other ASCII names stay as they are. */
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
