import { BulkheadError } from "../../errors/bulkhead-error.js";
import { type InternalPolicy, internalPlan, type TaskOptions } from "../../internal/plan.js";
import type { Plan } from "../../plan/schema.js";
import { Session } from "../../session/session.js";
import { defined } from "../../values/defined.js";
import { IMAGE_NAME } from "../store/erofs-image.js";
import { type ErofsTree, nameOfTree } from "./tree.js";

/** Paths inside: the source tree, the output directory, and the image. */
const TREE = "/tree";
const OUT = "/out";
/** Path of the file in an image of a single file. */
export const SINGLE_AT = "/file";

const MIB = 1024 * 1024;
const UUID = "00000000-0000-0000-0000-000000000000";
/**
 * mkfs.erofs stops at a file that it cannot read. Files in a host directory that no id inside could read either are
 * passed to it as exclusions. If they exceed one command line, the build fails.
 */
const MAKE =
  'cd "$1" && shift && find . \\( -type f ! -readable -o -type d ! \\( -readable -executable \\) \\) ' +
  "-printf '--exclude-path=%P\\0' -prune | xargs -0 -x mkfs.erofs \"$@\"";
/** 2100-01-01: files keep times up to this one, and the image has it as its creation time. */
const EPOCH_S = 4_102_444_800;

/**
 * Builds an EROFS image of a tree in the directory `out`. The build runs in a sandbox of Bulkhead's own that sees the
 * host's programs and the tree as the later sandbox would see it, so owners are ids inside. The image does not depend
 * on time, place or order: the same tree gives the same bytes.
 *
 * Not compressed, so that a guest's page comes straight from the file. Extended attributes are left out: those smuggled
 * in by an image must have no effect, and Bulkhead unpacks no others.
 *
 * Throws SETUP_MISSING without mkfs.erofs, IMAGE_LIMIT, EROFS_FAILED, and as creating a sandbox does.
 */
export async function buildErofs(made: ErofsSource, out: string, limits: BuildLimits, options: TaskOptions) {
  const { tree } = made;
  const own = await internalPlan(policyFor(out, limits), options);
  await using session = await Session.start({ ...own, plan: erofsPlan(own.plan, made, limits) }, options.signal);
  const argv = ["sh", "-c", MAKE, "sh", TREE, "--quiet", "-U", UUID, "-x-1", `${OUT}/${IMAGE_NAME}`, TREE];
  const env = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", SOURCE_DATE_EPOCH: String(EPOCH_S) };
  const signal = defined({ signal: options.signal });
  const result = await session.run(argv, { env, ...signal }).catch((error: unknown) => {
    // The sandbox is killed when its time is up.
    if (!(error instanceof BulkheadError) || error.code !== "TIMED_OUT") throw error;
    throw new BulkheadError("IMAGE_LIMIT", { operation: "make EROFS image", path: nameOfTree(tree), detail: "time" });
  });
  if (result.exitCode === 0) return;
  if (result.exitCode === 127) throw new BulkheadError("SETUP_MISSING", { operation: "execute", path: "mkfs.erofs" });
  // RLIMIT_FSIZE: the write's error, or xargs's message about its signal (SIGXFSZ).
  if (/File too large|by signal 25/.test(result.stderr)) {
    throw new BulkheadError("IMAGE_LIMIT", { operation: "make EROFS image", path: nameOfTree(tree), detail: "bytes" });
  }
  // For people, and from a program that read hostile names.
  const said = result.stderr
    .replace(/[^\x20-\x7e]+/g, " ")
    .trim()
    .slice(-256);
  const detail = said || (result.signal ?? `exit code ${result.exitCode}`);
  throw new BulkheadError("EROFS_FAILED", { operation: "make EROFS image", path: nameOfTree(tree), detail });
}

/** Source of an image. */
export interface ErofsSource {
  readonly tree: ErofsTree;
  /** Whether the tree is a single file. */
  readonly single: boolean;
}

export interface BuildLimits {
  /** Maximum bytes of the image. */
  readonly bytes: number;
  readonly timeMs: number;
  /** Owner inside of the caller's files, if only one id can be mapped: without a broker that runs as root. */
  readonly user: { readonly uid: number; readonly gid: number };
}

/**
 * Runs as an id of this sandbox that is unprivileged outside. It may read files that are closed to others: they belong
 * to other ids of this sandbox, not of the host.
 */
function policyFor(out: string, { bytes, timeMs, user }: BuildLimits): InternalPolicy {
  return {
    level: "container",
    root: "host",
    user: `${user.uid}:${user.gid}`,
    capabilities: ["DAC_READ_SEARCH"],
    files: [{ host: out, at: OUT, mode: "rw" }],
    resources: { memory: 1024 * MIB, pids: 8, cpus: 2, disk: bytes, time: timeMs },
    require: ["seccomp", "no-new-privs", "namespace.user", "namespace.mount", "network", "rlimits"],
  };
}

/** With the tree, which no policy can name. */
function erofsPlan(plan: Plan, made: ErofsSource, { bytes }: BuildLimits): Plan {
  return { ...plan, mounts: [...plan.mounts, mountOf(made)], limits: { ...plan.limits, fileBytes: bytes } };
}

function mountOf({ tree, single }: ErofsSource): Plan["mounts"][number] {
  const { owner } = tree;
  if (tree.kind === "layers") {
    return { kind: "layers", at: TREE, layers: tree.layers, owner, overlay: null, readOnly: true, exec: false };
  }
  const at = single ? `${TREE}${SINGLE_AT}` : TREE;
  return { kind: "bind", source: tree.path, at, readOnly: true, exec: false, owner };
}
