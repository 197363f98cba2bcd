const LONGEST_PATH = 4096;
const LONGEST_PART = 255;

/** A JavaScript string can hold half a surrogate pair, which no file name can. */
const HALF_PAIR = /\p{Surrogate}/u;

/** What must stay Bulkhead's own inside: a mount there would let a policy's author show the workload a false kernel. */
const RESERVED = ["/proc", "/sys", "/dev"] as const;

/** Whether `path` is absolute and has one meaning only: no `.`, `..`, empty parts, slash at the end or NUL. */
export function isNormalPath(path: string): boolean {
  if (!path.startsWith("/") || path.includes("\0") || HALF_PAIR.test(path) || Buffer.byteLength(path) > LONGEST_PATH)
    return false;
  if (path === "/") return true;
  return path
    .slice(1)
    .split("/")
    .every((part) => part !== "" && part !== "." && part !== ".." && Buffer.byteLength(part) <= LONGEST_PART);
}

/** Whether `path` is `parent` or below it; both normal. */
export function isWithin(path: string, parent: string): boolean {
  return path === parent || parent === "/" || path.startsWith(`${parent}/`);
}

/** The one place in these that is for programs to write in, and that a policy can size: as a tmpfs. */
export const SHARED_MEMORY = "/dev/shm";

/** Whether something may be mounted at this normal path by a policy. */
export function isMountable(path: string): boolean {
  return path !== "/" && !RESERVED.some((reserved) => isWithin(path, reserved));
}

/** A path without its slashes at the end, as people write directories. */
export function withoutTrailingSlash(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, "") || "/" : path;
}
