import { BulkheadError } from "../errors/bulkhead-error.js";
import type { HostReport } from "../host/report.js";
import type { ResolvedPolicy } from "../policy/resolved.js";
import { defined } from "../values/defined.js";
import { requireCeilings } from "./compile/ceilings.js";
import { landlockFor, namespacesFor, seccompFor } from "./compile/confinement.js";
import { environmentFor } from "./compile/environment.js";
import { chooseLevel } from "./compile/level.js";
import { advertisedFor, cgroupFor, limitsFor } from "./compile/limits.js";
import { mountsFor } from "./compile/mounts.js";
import { lenderOf } from "./compile/owner.js";
import { rootFor } from "./compile/root.js";
import { profileFor } from "./compile/syscalls.js";
import type { Inputs } from "./input-types.js";
import type { Plan } from "./schema.js";

export interface CompileOptions {
  /** Names the sandbox: `[a-z0-9][a-z0-9-]{7,39}`, made at random by the caller. */
  readonly id: string;
}

/** How to start what runs inside, unless one exec says otherwise. */
export interface Workload {
  /** The whole environment, nothing is added to it. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** What the image runs when no argv is given; empty: nothing. */
  readonly argv: readonly string[];
  /** What of the image was left out, a line each. */
  readonly notes: readonly string[];
  /** Which defaults were lowered to a maximum of the broker's owner, a line each. */
  readonly lowered?: readonly string[];
  /** Of the image that the root is, `sha256:…`. */
  readonly imageDigest?: string;
  /** Null: no limit. Undefined: the policy does not say (`RUN_TIME_MS` for `run`, none for a `Sandbox`). */
  readonly timeMs: number | null | undefined;
  readonly outputBytes: number;
}

/**
 * The plan of a policy on this host. Pure: it looks at nothing but its arguments.
 * @throws BulkheadError as `compile` of `prepare/`
 */
export function planFor(policy: ResolvedPolicy, host: HostReport, inputs: Inputs, { id }: CompileOptions): Plan {
  const level = chooseLevel(policy, host);
  const { facts } = host;
  if (policy.network.kind !== "none" && !facts.namespaces.includes("net")) {
    // Programs inside may not make the sockets by which they would reach a proxy.
    throw new BulkheadError("HOST_UNSUPPORTED", { operation: "network", detail: "no net namespace" });
  }
  if (
    level !== "chroot" &&
    level !== "container" &&
    policy.files.some((file) => file.kind === "host" && file.sockets)
  ) {
    const detail =
      "sockets: no socket of the host's reaches another kernel; use level chroot or container, or network rules";
    throw new BulkheadError("UNSUPPORTED", { operation: `level ${level}`, detail });
  }
  const namespaces = namespacesFor(level, facts);
  // Without a user namespace of its own a workload has ids of its sandbox's range on the host, also as it sees them
  // itself.
  const shifted = facts.privileged && !namespaces.includes("user");
  const lender = lenderOf(host);
  const mounts = mountsFor(policy, inputs, lender, shifted);
  const cgroup = cgroupFor(facts);
  const limits = limitsFor(policy.resources, cgroup);
  requireCeilings(limits, level, facts);
  const { uid, gid, groups } = inputs.user;
  return {
    version: 1,
    id,
    level,
    hostname: policy.hostname,
    namespaces,
    user: { uid, gid, groups },
    root: rootFor(policy, inputs, mounts, lender),
    mounts,
    limits,
    advertised: advertisedFor(policy.resources),
    cgroup,
    seccomp: seccompFor(profileFor(policy, inputs, host), namespaces, mounts),
    landlock: landlockFor(policy, mounts, facts),
    capabilities: policy.capabilities,
    apparmor: policy.apparmor,
    selinux: policy.selinux,
    reservedAddresses: policy.network.kind !== "none",
    payload: { kind: "init", egress: policy.network.kind !== "none", bridge: false },
    inner: null,
  };
}

export function workloadFor(policy: ResolvedPolicy, inputs: Inputs): Workload {
  return {
    env: environmentFor(policy, inputs),
    cwd: inputs.workdir,
    argv: [...(inputs.image?.entrypoint ?? []), ...(inputs.image?.cmd ?? [])],
    notes: inputs.image?.notes ?? [],
    ...defined({ imageDigest: inputs.image?.digest }),
    timeMs: policy.resources.timeMs,
    outputBytes: policy.resources.outputBytes,
  };
}
