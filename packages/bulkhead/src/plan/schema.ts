import { z } from "zod";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { layers, mount, overlay, owner } from "./schema/mount.js";
import { filesystemSize, insideId, integer, MIB, pids, size } from "./schema/numbers.js";
import { payload } from "./schema/payload.js";
import { misfits } from "./schema/relations.js";
import { seccomp } from "./schema/seccomp.js";
import { hostName, id, path, pathOrRoot, profileName, selinuxLabel } from "./schema/text.js";

/** A plan's JSON may have this many bytes. */
const LARGEST_PLAN = 768 * 1024;

/**
 * What a sandbox's own user namespace can give: mounts, network, pids and ipc belong to the host's, so more would be promised in vain.
 * The last two are for `runsc`, which makes namespaces below its jail's own.
 */
const CAPABILITIES =
  /^(?:CHOWN|DAC_OVERRIDE|DAC_READ_SEARCH|FOWNER|FSETID|KILL|SETGID|SETPCAP|SETUID|SYS_CHROOT|SYS_ADMIN|SYS_PTRACE)$/;

const root = z.strictObject({
  source: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("directory"), path, owner: owner.nullable().default(null) }),
    z.strictObject({ kind: z.literal("layers"), layers, owner: owner.nullable().default(null) }),
    z.strictObject({ kind: z.literal("empty"), sizeBytes: filesystemSize }),
  ]),
  readOnly: z.boolean(),
  overlay: overlay.nullable().default(null),
});

const limits = z.strictObject({
  memoryBytes: size(MIB),
  pids,
  milliCpus: integer(10, 1_024_000),
  openFiles: integer(16, 2 ** 20),
  fileBytes: size(0).nullable().default(null),
  lockedBytes: size(0),
  addressSpaceBytes: size(MIB).nullable().default(null),
  processes: pids.nullable().default(null),
});

const advertised = z.strictObject({ memoryBytes: size(MIB), pids, milliCpus: integer(10, 1_024_000) });

/** The shape; `warden/plan/src/model.rs` says what each field means. Relations between fields are in `schema/relations.ts`. */
const port = integer(0, 65_535);
const accessPaths = z.array(pathOrRoot).max(1024);

const shape = z.strictObject({
  version: z.literal(1),
  id,
  level: z.enum(["chroot", "container", "gvisor", "microvm"]),
  hostname: hostName,
  namespaces: z.array(z.enum(["mount", "pid", "ipc", "net", "user", "uts", "cgroup"])),
  user: z.strictObject({ uid: insideId, gid: insideId, groups: z.array(insideId).max(64) }),
  root,
  mounts: z.array(mount).max(256),
  limits,
  advertised: advertised.nullable().default(null),
  cgroup: z.strictObject({
    version: z.union([z.literal(0), z.literal(1), z.literal(2)]),
    controllers: z.array(z.enum(["memory", "pids", "cpu"])),
  }),
  seccomp,
  landlock: z
    .strictObject({
      abi: integer(1, 99),
      writable: z.array(pathOrRoot).max(256),
      whiteouts: z.boolean().default(false),
      access: z
        .strictObject({ read: accessPaths, list: accessPaths.default([]), execute: accessPaths })
        .nullable()
        .default(null),
      tcp: z
        .strictObject({ bind: z.array(port).max(256), connect: z.array(port).max(256) })
        .nullable()
        .default(null),
      queues: z.boolean().default(false),
      sockets: z.array(path).max(256).default([]),
    })
    .nullable()
    .default(null),
  capabilities: z.array(z.string().regex(CAPABILITIES)),
  apparmor: profileName.nullable().default(null),
  selinux: selinuxLabel.nullable().default(null),
  reservedAddresses: z.boolean().default(false),
  payload: payload.default({ kind: "init", egress: false }),
  inner: z.record(z.string(), z.unknown()).nullable().default(null),
});

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

/** One sandbox, complete: what a policy compiles to, and all that the warden executes. Plain data. */
export type Plan = DeepReadonly<z.infer<typeof shape>>;
export type Root = Plan["root"];
export type RootDirectory = Extract<Root["source"], { kind: "directory" }>;
export type Owner = DeepReadonly<z.infer<typeof owner>>;
export type Mount = Plan["mounts"][number];
export type Limits = Plan["limits"];
export type Cgroup = Plan["cgroup"];
export type Seccomp = Plan["seccomp"];
export type Payload = Plan["payload"];
export type Program = Extract<Payload, { kind: "program" }>;
export type Landlock = NonNullable<Plan["landlock"]>;

/**
 * Checks a plan as strictly as the warden does; both sides are held to the files in `warden/plan/fixtures/`.
 *
 * Throws PLAN_INVALID, whose `detail` names the first field at fault, as in `mounts[3].at`.
 */
export function parsePlan(value: unknown): Plan {
  const parsed = shape.safeParse(value);
  if (!parsed.success) throw invalid(fieldOf(parsed.error.issues[0]));
  const plan: Plan = parsed.data;
  for (const field of misfits(plan)) throw invalid(field);
  if (Buffer.byteLength(JSON.stringify(plan)) > LARGEST_PLAN) throw invalid(["bytes"]);
  return plan;
}

/** What a union refuses is said by the form that has the same fields, if one has. */
function fieldOf(issue: z.core.$ZodIssue | undefined): readonly PropertyKey[] {
  if (issue?.code !== "invalid_union") return issue?.path ?? [];
  const meant = issue.errors.find((issues) => issues.every(({ path: inner }) => inner.length > 0))?.[0];
  return [...issue.path, ...fieldOf(meant)];
}

function invalid(field: readonly PropertyKey[]): BulkheadError {
  const parts = field.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`));
  return new BulkheadError("PLAN_INVALID", { operation: "check", detail: parts.join("").replace(/^\./, "") });
}
