import * as z from "zod/mini";
import { hostPath, insideTree, memoryPoint, mountPoint, sizeBetween } from "./values.js";

const PAGE = 4096;
const TIB = 1024 ** 4;

/**
 * `mode` is `ro` by default; `exec: false` mounts it noexec; `sockets: true` permits connections to Unix sockets in it.
 */
function host() {
  return z.strictObject({
    host: hostPath(),
    at: mountPoint(),
    mode: z.optional(z.enum(["ro", "rw"])),
    exec: z.optional(z.boolean()),
    sockets: z.optional(z.boolean()),
  });
}

function tmpfs() {
  return z.strictObject({
    tmpfs: memoryPoint(),
    size: z.optional(sizeBetween(PAGE, 16 * TIB)),
    exec: z.optional(z.boolean()),
  });
}

/** Each entry puts one thing into the sandbox: a host path, or an empty in-memory file system. */
export function files() {
  return z
    .array(z.union([host(), tmpfs()], { error: "{ host, at, mode?, exec?, sockets? } or { tmpfs, size?, exec? }" }))
    .check(z.maxLength(128, "at most 128 entries"));
}

/** Which of the existing files may be accessed: each path is a file, or a directory with everything below it. */
export function access() {
  const paths = () => z.optional(z.array(insideTree()).check(z.maxLength(1024, "at most 1024 paths")));
  return z.strictObject({ read: paths(), list: paths(), write: paths(), execute: paths() });
}
