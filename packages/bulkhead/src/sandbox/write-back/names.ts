/** What Bulkhead makes in a host directory while it writes to it starts so, and nothing of that name is copied in or out. */
export const OWN_PREFIX = ".bulkhead-write-back-";

const LONGEST_NAME = 255;
/** A JavaScript string can hold half a surrogate pair, which no file name can. */
const HALF_PAIR = /\p{Surrogate}/u;
const REPLACEMENT = "\u{fffd}";

/** Whether a name that came out of a sandbox can be one entry of a directory, and no way to anywhere else. */
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

/** Whether it is one that Bulkhead makes itself, at the top of a directory. */
export function isOwnName(path: string): boolean {
  return path.startsWith(OWN_PREFIX);
}

/** Whether text that stands for bytes may have lost some of them. */
export function isLossy(text: string): boolean {
  return text.includes(REPLACEMENT);
}
