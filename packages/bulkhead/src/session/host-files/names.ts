/**
 * Prefix of files that Bulkhead creates in a host directory while it writes; nothing with this prefix is copied in or
 * out.
 */
export const OWN_PREFIX = ".bulkhead-write-back-";

const LONGEST_NAME = 255;
/** A JavaScript string can contain half a surrogate pair, which no file name can. */
const HALF_PAIR = /\p{Surrogate}/u;
const REPLACEMENT = "\u{fffd}";

/** Whether a name from a sandbox is a single directory entry, and not a path to somewhere else. */
export function isPlainName(name: string): boolean {
  return (
    name !== "" &&
    name !== "." &&
    name !== ".." &&
    !name.includes("/") &&
    !name.includes("\0") &&
    !HALF_PAIR.test(name) &&
    Buffer.byteLength(name) <= LONGEST_NAME
  );
}

/** Whether Bulkhead itself created the name, at the top of a directory. */
export function isOwnName(path: string): boolean {
  return path.startsWith(OWN_PREFIX);
}

/** Whether text decoded from bytes may have lost some of them. */
export function isLossy(text: string): boolean {
  return text.includes(REPLACEMENT);
}
