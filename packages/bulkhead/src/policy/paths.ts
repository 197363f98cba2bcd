const LONGEST_PATH = 4096;
const LONGEST_PART = 255;

/** A JavaScript string can contain half a surrogate pair, which no file name can. */
const HALF_PAIR = /\p{Surrogate}/u;

/**
 * Paths inside that only Bulkhead may mount: a mount there would let a policy's author show the workload a false
 * kernel.
 */
const RESERVED = ["/proc", "/sys", "/dev"] as const;

/** Whether `path` is absolute and unambiguous: no `.`, `..`, empty parts, trailing slash or NUL. */
export function isNormalPath(path: string): boolean {
  if (!path.startsWith("/") || path.includes("\0") || HALF_PAIR.test(path) || Buffer.byteLength(path) > LONGEST_PATH)
    return false;
  if (path === "/") return true;
  return path
    .slice(1)
    .split("/")
    .every((part) => part !== "" && part !== "." && part !== ".." && Buffer.byteLength(part) <= LONGEST_PART);
}

/** Whether `path` is `parent` or below it; both must be normal. */
export function isWithin(path: string, parent: string): boolean {
  return path === parent || parent === "/" || path.startsWith(`${parent}/`);
}

/** The only one of these paths that programs may write to, and that a policy can size: as a tmpfs. */
export const SHARED_MEMORY = "/dev/shm";

/** Whether a policy may mount something at this normal path. */
export function isMountable(path: string): boolean {
  return path !== "/" && !RESERVED.some((reserved) => isWithin(path, reserved));
}

/** A path without trailing slashes, as people write directories. */
export function withoutTrailingSlash(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, "") || "/" : path;
}
