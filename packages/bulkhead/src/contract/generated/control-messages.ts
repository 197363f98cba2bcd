// Generated from the types of the warden by `npm run generate`: change those, not this file.

import { type Check, any, flag, list, mapOf, number, oneOf, orNull, record, tagged, text, whole } from "../check.js";

export type Capabilities = {
  readonly permitted: string;
  readonly effective: string;
  readonly bounding: string;
  readonly ambient: string;
};

export type Cause = "exited" | "killed" | "failed";

/**
 * The most that this broker can give a sandbox of resources that no cgroup limits. These are the broker's own hard
 * limits, or the kernel's if it may raise those.
 */
export type Ceilings = {
  /** RLIMIT_NOFILE: `fs.nr_open`, or the hard limit. */
  readonly openFiles: number;
  /** RLIMIT_NPROC; `null`: no limit. */
  readonly processes: number | null;
  /** RLIMIT_AS; `null`: no limit. */
  readonly addressSpaceBytes: number | null;
  /** Memory and processors of the machine. */
  readonly memoryBytes: number;
  readonly processors: number;
};

export type CgroupFacts = {
  /** The mounted versions: `v2`, `v1`, `hybrid` or `none`. */
  readonly layout: "v2" | "v1" | "hybrid" | "none";
  /** The version in which the broker can create limited groups: 2, 1, or 0 for none. */
  readonly version: 0 | 1 | 2;
  /** The controllers of `memory pids cpu` with which it can set limits; and `freezer` where pause works. */
  readonly controllers: readonly string[];
  /** The directory (v2) below which sandboxes' groups are created, or that of the pids controller (v1). */
  readonly parent: string | null;
  /** Why there are none, or fewer than three. */
  readonly why: string | null;
};

/** What was in force, as the broker saw it from outside, and its verdict. */
export type Evidence = {
  readonly verdict: Verdict;
  readonly init: Process;
  readonly cgroup: InForce;
  readonly mounts: Mounts;
  /** Not visible from outside: setup applies it before init runs, and init does not run without it. */
  readonly landlock: LandlockInForce | null;
  /** The processes inside, when requested: the first `MAX_PROCESSES` of them. */
  readonly processes?: readonly Process[];
};

export type Facts = {
  /** `uname -r`. */
  readonly kernel: string;
  /** The broker's uid, in its own user namespace. */
  readonly uid: number;
  /**
   * True when the broker holds CAP_SYS_ADMIN, CAP_SETUID and CAP_SETGID in the initial user namespace: it can launch
   * sandboxes with a uid range of their own.
   */
  readonly privileged: boolean;
  /** The connected caller, from `SO_PEERCRED`. */
  readonly callerUid: number;
  readonly callerGid: number;
  /** Names from `/proc/self/ns`, without `_for_children`. */
  readonly namespaces: readonly string[];
  /** Whether user namespaces work, determined by creating one. */
  readonly userns: Userns;
  readonly cgroup: CgroupFacts;
  /** Actions of `SECCOMP_GET_ACTION_AVAIL` that exist: `kill_process errno user_notif log …`. */
  readonly seccompActions: readonly string[];
  /** 0: the kernel has no Landlock, or it is off. */
  readonly landlockAbi: number;
  /** `/sys/module/apparmor/parameters/enabled` is Y. */
  readonly apparmor: boolean;
  /** `/sys/fs/selinux/enforce` is 1. */
  readonly selinux: boolean;
  readonly ceilings: Ceilings;
  /** `mount_setattr`, `open_tree` and `fsopen` exist. */
  readonly newMountApi: boolean;
};

/** The limits as the kernel returns them; `null` without that controller. */
export type InForce = {
  readonly version: 0 | 1 | 2;
  readonly memoryMax: number | null;
  readonly pidsMax: number | null;
  /** Thousandths of a processor. */
  readonly cpuMax: number | null;
};

export type LandlockInForce = {
  readonly abi: number;
};

export type Level = "chroot" | "container" | "gvisor" | "microvm";

/** A live sandbox, as reported to its caller and to root. */
export type Live = {
  readonly id: string;
  readonly level: Level;
  readonly state: State;
  /** Uid of the sandbox's owner. */
  readonly uid: number;
  /** Process id of its init. */
  readonly pid: number;
  /** Process id of the program that created it; 0 if it is not visible from here. */
  readonly callerPid: number;
  readonly ageMs: number;
};

/** The maximum that a plan may ask for; `null` if the owner set no limit. */
export type Maxima = {
  readonly memoryBytes: number | null;
  readonly pids: number | null;
  readonly milliCpus: number | null;
  /** Live sandboxes of each caller. */
  readonly sandboxes: number | null;
};

export type Message = {
  readonly type: "hello";
  readonly generation: number;
  readonly version: string;
  readonly session: string;
  /** A path, or `@` followed by an abstract name. */
  readonly socket: string;
  readonly facts: Facts;
  readonly limits: Maxima;
} | {
  readonly type: "launched";
  readonly id: string;
  readonly pid: number;
  readonly evidence: Evidence;
  readonly marks: readonly number[];
} | {
  readonly type: "refused";
  readonly id: string;
  readonly error: unknown;
} | {
  readonly type: "ended";
  readonly id: string;
  readonly cause: Cause;
  readonly stats: Stats;
  readonly marks: readonly number[];
  readonly error?: unknown;
} | {
  readonly type: "sandboxes";
  readonly sandboxes: readonly Live[];
  readonly more: number;
} | {
  readonly type: "reply";
  readonly seq: number;
  readonly error?: unknown;
  readonly value?: unknown;
};

export type Mounts = {
  readonly rootReadOnly: boolean;
  readonly count: number;
};

/** One process; ids as the host counts them, sets as hexadecimal. */
export type Process = {
  /** Process id on the host. */
  readonly pid: number;
  /** Real, effective, saved and file system uid on the host. */
  readonly uid: readonly number[];
  readonly gid: readonly number[];
  readonly capabilities: Capabilities;
  readonly noNewPrivs: boolean;
  /** 0: none, 1: strict, 2: filters. */
  readonly seccomp: 0 | 1 | 2;
  readonly seccompFilters: number;
  /** By name; `own`: whether the namespace differs from the keeper's. */
  readonly namespaces: Readonly<Record<string, "own" | "host">>;
  readonly lsm: string | null;
};

export type State = "launching" | "running" | "paused" | "ending";

/** Counters of a sandbox; `null` where nothing counts it. */
export type Stats = {
  readonly memoryBytes: number | null;
  readonly memoryPeakBytes: number | null;
  readonly cpuUs: number | null;
  readonly pids: number | null;
  /** How often the kernel killed a process inside for lack of memory. */
  readonly oomKills: number | null;
  /** How often the kernel refused a process or thread because of the limit. */
  readonly pidsExceeded: number | null;
  /** Whether one of the sandbox's own writable file systems had no free block or inode at a check. */
  readonly diskFull: boolean | null;
};

export type ToHost = {
  readonly type: "ready";
  readonly generation: number;
  readonly facts: Facts;
  readonly bootUs: number;
} | {
  readonly type: "booted";
  readonly evidence: Evidence;
  readonly bootUs: number;
} | {
  readonly type: "failed";
  readonly error: unknown;
} | {
  readonly type: "ended";
  readonly code: number;
  readonly stats: Stats;
} | {
  readonly type: "reply";
  readonly seq: number;
  readonly error?: unknown;
  readonly value?: unknown;
};

/** A protection that leaves a trace outside. */
export type Traced = "uid-range" | "capabilities" | "no-new-privs" | "seccomp" | "landlock" | "apparmor" | "selinux" | "namespace.user" | "namespace.mount" | "namespace.pid" | "namespace.ipc" | "namespace.net" | "namespace.uts" | "namespace.cgroup" | "read-only-root" | "network" | "cgroup.memory" | "cgroup.pids" | "cgroup.cpu";

export type Userns = {
  readonly works: boolean;
  /** If they do not work: the errno of clone or of writing the map. */
  readonly errno: number | null;
  /** `kernel.apparmor_restrict_unprivileged_userns`, if it exists. */
  readonly apparmorRestricted: boolean | null;
  /** `kernel.unprivileged_userns_clone`, if it exists. */
  readonly unprivilegedClone: boolean | null;
  /** `user.max_user_namespaces`. */
  readonly maximum: number | null;
};

/** Which protections are in force; a protection in neither list is neither in force nor planned. */
export type Verdict = {
  /** The broker saw them in force. */
  readonly inForce: readonly Traced[];
  /** The plan has them, and the broker saw that they are not in force. */
  readonly contradicted: readonly Traced[];
};

export const checkCapabilities: Check<Capabilities> = record({
  ambient: text(16, /^[0-9a-f]+$/),
  bounding: text(16, /^[0-9a-f]+$/),
  effective: text(16, /^[0-9a-f]+$/),
  permitted: text(16, /^[0-9a-f]+$/),
});

export const checkCause: Check<Cause> = oneOf("exited", "killed", "failed");

export const checkCeilings: Check<Ceilings> = record({
  addressSpaceBytes: orNull(number),
  memoryBytes: whole(0),
  openFiles: whole(0),
  processes: orNull(number),
  processors: whole(0),
});

export const checkCgroupFacts: Check<CgroupFacts> = record({
  controllers: list(text(64), 64),
  layout: oneOf("v2", "v1", "hybrid", "none"),
  parent: orNull(text(4096)),
  version: oneOf(0, 1, 2),
  why: orNull(text(4096)),
});

export const checkInForce: Check<InForce> = record({
  cpuMax: orNull(whole(0)),
  memoryMax: orNull(whole(0)),
  pidsMax: orNull(whole(0)),
  version: oneOf(0, 1, 2),
});

export const checkProcess: Check<Process> = record({
  capabilities: checkCapabilities,
  gid: list(whole(0, 4294967295), 4096),
  lsm: orNull(text(4096)),
  namespaces: mapOf(oneOf("own", "host"), 4096),
  noNewPrivs: flag,
  pid: whole(0, 2147483647),
  seccomp: oneOf(0, 1, 2),
  seccompFilters: whole(0, 4294967295),
  uid: list(whole(0, 4294967295), 4096),
});

export const checkLandlockInForce: Check<LandlockInForce> = record({
  abi: whole(0, 4294967295),
});

export const checkMounts: Check<Mounts> = record({
  count: whole(0, 4294967295),
  rootReadOnly: flag,
});

export const checkTraced: Check<Traced> = oneOf("uid-range", "capabilities", "no-new-privs", "seccomp", "landlock", "apparmor", "selinux", "namespace.user", "namespace.mount", "namespace.pid", "namespace.ipc", "namespace.net", "namespace.uts", "namespace.cgroup", "read-only-root", "network", "cgroup.memory", "cgroup.pids", "cgroup.cpu");

export const checkVerdict: Check<Verdict> = record({
  contradicted: list(checkTraced, 4096),
  inForce: list(checkTraced, 4096),
});

export const checkEvidence: Check<Evidence> = record({
  cgroup: checkInForce,
  init: checkProcess,
  landlock: orNull(checkLandlockInForce),
  mounts: checkMounts,
  verdict: checkVerdict,
}, {
  processes: list(checkProcess, 4096),
});

export const checkUserns: Check<Userns> = record({
  apparmorRestricted: orNull(flag),
  errno: orNull(whole(-2147483648, 2147483647)),
  maximum: orNull(number),
  unprivilegedClone: orNull(flag),
  works: flag,
});

export const checkFacts: Check<Facts> = record({
  apparmor: flag,
  callerGid: whole(0, 4294967295),
  callerUid: whole(0, 4294967295),
  ceilings: checkCeilings,
  cgroup: checkCgroupFacts,
  kernel: text(4096),
  landlockAbi: whole(0, 4294967295),
  namespaces: list(text(64), 64),
  newMountApi: flag,
  privileged: flag,
  seccompActions: list(text(64), 64),
  selinux: flag,
  uid: whole(0, 4294967295),
  userns: checkUserns,
});

export const checkLevel: Check<Level> = oneOf("chroot", "container", "gvisor", "microvm");

export const checkState: Check<State> = oneOf("launching", "running", "paused", "ending");

export const checkLive: Check<Live> = record({
  ageMs: whole(0),
  callerPid: whole(0, 2147483647),
  id: text(4096),
  level: checkLevel,
  pid: whole(0, 2147483647),
  state: checkState,
  uid: whole(0, 4294967295),
});

export const checkMaxima: Check<Maxima> = record({
  memoryBytes: orNull(whole(0)),
  milliCpus: orNull(whole(0)),
  pids: orNull(whole(0)),
  sandboxes: orNull(whole(0)),
});

export const checkStats: Check<Stats> = record({
  cpuUs: orNull(whole(0)),
  diskFull: orNull(flag),
  memoryBytes: orNull(whole(0)),
  memoryPeakBytes: orNull(whole(0)),
  oomKills: orNull(whole(0)),
  pids: orNull(whole(0)),
  pidsExceeded: orNull(whole(0)),
});

export const checkMessage: Check<Message> = tagged("type", {
"hello": record({
  facts: checkFacts,
  generation: whole(0, 4294967295),
  limits: checkMaxima,
  session: text(4096, /^[0-9a-f]{32}$/),
  socket: text(108, /^[@\/]./),
  type: oneOf("hello"),
  version: text(64),
}),
"launched": record({
  evidence: checkEvidence,
  id: text(4096),
  marks: list(whole(0), 32),
  pid: whole(1, 2147483647),
  type: oneOf("launched"),
}),
"refused": record({
  error: any,
  id: text(4096),
  type: oneOf("refused"),
}),
"ended": record({
  cause: checkCause,
  id: text(4096),
  marks: list(whole(0), 32),
  stats: checkStats,
  type: oneOf("ended"),
}, {
  error: any,
}),
"sandboxes": record({
  more: whole(0),
  sandboxes: list(checkLive, 4096),
  type: oneOf("sandboxes"),
}),
"reply": record({
  seq: whole(0),
  type: oneOf("reply"),
}, {
  error: any,
  value: any,
}),
});

export const checkToHost: Check<ToHost> = tagged("type", {
"ready": record({
  bootUs: whole(0),
  facts: checkFacts,
  generation: whole(0, 4294967295),
  type: oneOf("ready"),
}),
"booted": record({
  bootUs: whole(0),
  evidence: checkEvidence,
  type: oneOf("booted"),
}),
"failed": record({
  error: any,
  type: oneOf("failed"),
}),
"ended": record({
  code: whole(0, 2147483647),
  stats: checkStats,
  type: oneOf("ended"),
}),
"reply": record({
  seq: whole(0),
  type: oneOf("reply"),
}, {
  error: any,
  value: any,
}),
});
