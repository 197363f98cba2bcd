import { z } from "zod";
import { filesystemSize, hostId, inodes, insideId, integer } from "./numbers.js";
import { content, isWithin, linkTarget, path, pathOrRoot } from "./text.js";

/** Nothing but masks goes into the kernel's own trees: what lies there is believed. */
const KERNEL_TREES = ["/proc", "/sys", "/dev"] as const;

const at = path.refine((value) => !KERNEL_TREES.some((tree) => isWithin(value, tree)), "in a tree of the kernel's");

/** An idmapped mount: what the host's owner has on disk belongs to this user inside, and the other way round. */
export const owner = z.strictObject({ hostUid: hostId, hostGid: hostId, uid: insideId, gid: insideId });

const bind = z.strictObject({
  kind: z.literal("bind"),
  source: pathOrRoot,
  at,
  readOnly: z.boolean(),
  exec: z.boolean(),
  owner: owner.nullable().default(null),
});

const tmpfs = z.strictObject({
  kind: z.literal("tmpfs"),
  at,
  sizeBytes: filesystemSize,
  inodes,
  mode: integer(0, 0o1777),
  uid: insideId,
  gid: insideId,
  exec: z.boolean(),
});

export const mount = z.discriminatedUnion("kind", [
  bind,
  tmpfs,
  z.strictObject({ kind: z.literal("proc"), at: z.literal("/proc") }),
  z.strictObject({ kind: z.literal("dev"), at: z.literal("/dev"), shmBytes: filesystemSize }),
  z.strictObject({ kind: z.literal("sys"), at: z.literal("/sys") }),
  z.strictObject({ kind: z.literal("mask"), at: path }),
  z.strictObject({ kind: z.literal("file"), at, content }),
  z.strictObject({ kind: z.literal("symlink"), at, target: linkTarget }),
]);
