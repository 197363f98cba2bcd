import { Broker } from "../../broker/broker.js";
import { STORE_RANGE } from "../../contract/generated/plan-constants.js";
import { unpackerPath } from "../../host/locate.js";
import { type InternalPolicy, internalPlan, type TaskOptions } from "../../internal/plan.js";
import type { Plan } from "../../plan/schema.js";
import { Session } from "../../session/session.js";
import { ownUid } from "../store/owner.js";
import type { TreeDirectories } from "../store/store.js";
import type { UnpackLimits } from "./limits.js";

/** Paths inside: the unpacker, and the directories that it fills. */
export const UNPACKER = "/bulkhead-unpack";
export const LAYER = "/layer";
export const HIDDEN = "/hidden";

const MIB = 1024 * 1024;

/** Whether files keep the owners in the archive. Only root can change owners; other users' files stay their own. */
export function keepsOwners(): boolean {
  return ownUid() === 0;
}

/**
 * Starts the broker while the image is still being requested. A failure here recurs when the first layer is unpacked,
 * and is reported then.
 */
export async function prepareToUnpack({ broker }: TaskOptions): Promise<void> {
  await Promise.allSettled([Broker.default(broker)]);
}

/**
 * The unpacker may read itself and the built-in root, write below two directories, and use some memory. No network, no
 * other host file, one process. If it changes owners it is root inside, which is unprivileged outside, and so are the
 * new owners.
 */
export async function createUnpackSession(
  directories: TreeDirectories,
  limits: UnpackLimits,
  options: TaskOptions,
): Promise<Session> {
  const owners = keepsOwners();
  const policy: InternalPolicy = {
    ...policyFor(limits),
    ...(owners ? { user: 0, capabilities: ["CHOWN", "DAC_OVERRIDE", "FOWNER"] } : {}),
    files: [
      { host: unpackerPath(), at: UNPACKER },
      { host: directories.root, at: LAYER, mode: "rw" },
      { host: directories.hidden, at: HIDDEN, mode: "rw" },
    ],
  };
  const made = await internalPlan(policy, options);
  return await Session.start({ ...made, plan: unpackPlan(made.plan, owners, limits) }, options.signal);
}

/** The same for one that decompresses a stream and writes nowhere. */
export async function createDecompressSession(limits: UnpackLimits, options: TaskOptions): Promise<Session> {
  const files = [{ host: unpackerPath(), at: UNPACKER }];
  return await Session.start(await internalPlan({ ...policyFor(limits), files }, options), options.signal);
}

function policyFor(limits: UnpackLimits): InternalPolicy {
  return {
    level: "container",
    root: "base",
    resources: {
      memory: 768 * MIB,
      pids: 8,
      cpus: 2,
      time: limits.timeMs,
    },
    require: ["seccomp", "no-new-privs", "namespace.mount", "network", "rlimits"],
  };
}

/** Settings that no policy can ask for: the store's whole range of owners, and whiteouts. */
function unpackPlan(plan: Plan, owners: boolean, { bytes }: UnpackLimits): Plan {
  const { landlock, seccomp, mounts } = plan;
  return {
    ...plan,
    // The largest file that may be written. The limits on a layer count all its files.
    limits: { ...plan.limits, fileBytes: Math.max(bytes, MIB) },
    mounts: mounts.map((mount) =>
      owners && mount.kind === "bind" && !mount.readOnly ? { ...mount, owner: { range: STORE_RANGE } } : mount,
    ),
    seccomp: { ...seccomp, whiteouts: true },
    landlock: landlock === null ? null : { ...landlock, whiteouts: true },
  };
}
