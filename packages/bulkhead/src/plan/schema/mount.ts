import { z } from "zod";
import { filesystemSize, hostId, inodes, insideId, integer } from "./numbers.js";
import { STORE_RANGE } from "./store-range.js";
import { accountName, accountText, content, isWithin, linkTarget, path, pathOrRoot } from "./text.js";

/** Nothing but masks goes into the kernel's own trees: what lies there is believed. */
const KERNEL_TREES = ["/proc", "/sys", "/dev"] as const;

const at = path.refine((value) => !KERNEL_TREES.some((tree) => isWithin(value, tree)), "in a tree of the kernel's");

/** Devices of the host that a jail may have. */
const DEVICES = ["/dev/kvm", "/dev/vhost-vsock"] as const;

/**
 * An idmapped mount: what the host's owner has on disk belongs to this user inside, and the other way round. With `maker`, user 0 of the sandbox
 * may make files there too, to give them to that user at once, as the gofer of `runsc` does. `optional`: read-only, and unmapped where the file system
 * or the kernel cannot.
 */
const oneOwner = z.strictObject({
  hostUid: hostId,
  hostGid: hostId,
  uid: insideId,
  gid: insideId,
  maker: z.boolean().optional(),
  optional: z.boolean().optional(),
});

/** The 65,536 ids from `range` on are, inside, those from 0 on. From 0: in a virtual machine, whose images are of nobody but its one sandbox. */
const storeOwner = z.strictObject({ range: z.union([z.literal(0), z.literal(STORE_RANGE)]) });

export const owner = z.union([oneOwner, storeOwner]);

/** Host directories, the topmost first. */
export const layers = z.array(path).min(1).max(500);

export const overlay = z.strictObject({ sizeBytes: filesystemSize, inodes });

const bind = z.strictObject({
  kind: z.literal("bind"),
  source: pathOrRoot,
  at,
  readOnly: z.boolean(),
  exec: z.boolean(),
  owner: owner.nullable().default(null),
});

const tree = z.strictObject({
  kind: z.literal("layers"),
  at,
  layers,
  owner: owner.nullable().default(null),
  overlay: overlay.nullable().default(null),
  readOnly: z.boolean().default(false),
  exec: z.boolean(),
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

/** Lines of each file, and members of a group. */
const MOST_ACCOUNTS = 1024;

const account = z.strictObject({
  name: accountName,
  uid: insideId,
  gid: insideId,
  comment: accountText,
  home: accountText,
  shell: accountText,
});

const group = z.strictObject({ name: accountName, gid: insideId, members: z.array(accountName).max(MOST_ACCOUNTS) });

export const mount = z.discriminatedUnion("kind", [
  bind,
  tree,
  tmpfs,
  z.strictObject({ kind: z.literal("proc"), at: z.literal("/proc"), writable: z.boolean().default(false) }),
  z.strictObject({
    kind: z.literal("dev"),
    at: z.literal("/dev"),
    shmBytes: filesystemSize,
    mqueue: z.boolean().default(false),
  }),
  z.strictObject({ kind: z.literal("sys"), at: z.literal("/sys") }),
  z.strictObject({ kind: z.literal("mask"), at: path }),
  z.strictObject({ kind: z.literal("file"), at, content }),
  z.strictObject({ kind: z.literal("passwd"), at, accounts: z.array(account).max(MOST_ACCOUNTS) }),
  z.strictObject({ kind: z.literal("group"), at, groups: z.array(group).max(MOST_ACCOUNTS) }),
  z.strictObject({ kind: z.literal("symlink"), at, target: linkTarget }),
  z.strictObject({ kind: z.literal("device"), path: z.enum(DEVICES), at: path }),
]);
