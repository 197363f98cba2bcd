import { posix } from "node:path";
import * as z from "zod/mini";
import { CAPABILITY_NAMES, capabilityName } from "../capability-names.js";
import { isMountable, isNormalPath, SHARED_MEMORY, withoutTrailingSlash } from "../paths.js";
import { formatSize, parseDuration, parseSize } from "../units.js";

/** A string or number that `parse` converts to a number; `said` completes "must be …". */
function unit(parse: (value: string | number) => number | undefined, said: string) {
  const written = z
    .union([z.string(), z.number()], { error: said })
    .check(z.refine((value) => parse(value) !== undefined, said));
  return z.pipe(
    written,
    z.transform((value) => parse(value) ?? 0),
  );
}

/** Bytes. */
export function size() {
  return unit(parseSize, 'a size such as "64MiB", or a number of bytes');
}

/** Bytes, between two bounds. */
export function sizeBetween(least: number, most: number) {
  const said = `at least ${formatSize(least)} and at most ${formatSize(most)}`;
  return size().check(z.refine((bytes) => bytes >= least && bytes <= most, said));
}

/** Milliseconds. */
export function duration() {
  return unit(parseDuration, 'a time such as "30s", or a number of milliseconds');
}

const PATH_RULE = "an absolute path without . or .. or doubled slashes";

/** A directory to start in, which people write untidily: `/app/`, `/app/../srv`. */
export function workdirPath() {
  const tidied = (path: string) => (path.startsWith("/") ? withoutTrailingSlash(posix.join("/", path)) : path);
  return z.pipe(
    z.string().check(z.refine((path) => isNormalPath(tidied(path)), "an absolute path of at most 4096 bytes")),
    z.transform(tidied),
  );
}

/** A path inside, or all of it: `/`. */
export function insideTree() {
  return z.pipe(
    z.string().check(z.refine((path) => path === "/" || isNormalPath(withoutTrailingSlash(path)), PATH_RULE)),
    z.transform((path) => (path === "/" ? path : withoutTrailingSlash(path))),
  );
}

/** Where a policy may mount something. */
export function mountPoint() {
  return placeWhere(isMountable, "a place other than / and outside /proc, /sys and /dev");
}

/** Where a policy may have an in-memory file system. */
export function memoryPoint() {
  return placeWhere(
    (path) => isMountable(path) || path === SHARED_MEMORY,
    "a place other than / and outside /proc, /sys and /dev (but for /dev/shm)",
  );
}

function placeWhere(allowed: (path: string) => boolean, said: string) {
  return z.pipe(
    z.string().check(
      z.refine((path) => isNormalPath(withoutTrailingSlash(path)), PATH_RULE),
      z.refine((path) => allowed(withoutTrailingSlash(path)), said),
    ),
    z.transform(withoutTrailingSlash),
  );
}

/** A path on the host, absolute or relative to the policy. */
export function hostPath() {
  return z
    .string()
    .check(
      z.refine(
        (path) => path !== "" && !path.includes("\0") && Buffer.byteLength(path) <= 4096,
        "a path of 1 to 4096 bytes",
      ),
    );
}

export function capability() {
  return z.pipe(
    z.string().check(z.refine((name) => capabilityName(name) !== undefined, `one of ${CAPABILITY_NAMES.join(", ")}`)),
    z.transform((name) => capabilityName(name) ?? name),
  );
}

/** A whole number between two bounds. */
export function whole(least: number, most: number) {
  const said = `a whole number from ${least} to ${most}`;
  return z.int({ error: said }).check(z.gte(least, said), z.lte(most, said));
}
