import * as z from "zod/mini";
import { hostPath, mountPoint, size } from "./values.js";

/** `mode` is `ro` unless said otherwise; `exec: false` mounts it noexec. */
const host = z.strictObject({
  host: hostPath,
  at: mountPoint,
  mode: z.optional(z.enum(["ro", "rw"])),
  exec: z.optional(z.boolean()),
});

const tmpfs = z.strictObject({ tmpfs: mountPoint, size: z.optional(size), exec: z.optional(z.boolean()) });

/** Each entry puts one thing into the sandbox: a host path, or an empty file system in memory. */
export const files = z
  .array(z.union([host, tmpfs], { error: "{ host, at, mode?, exec? } or { tmpfs, size?, exec? }" }))
  .check(z.maxLength(128, "at most 128 entries"));
