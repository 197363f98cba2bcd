// Generated from the types of the warden by `npm run generate`: change those, not this file.

/**
 * Files, or directories with everything below them. Paths that do not exist when the sandbox starts are skipped, which
 * allows less.
 */
export type Access = {
  /** Files may be read, and directories listed. */
  readonly read: readonly string[];
  /** Directories may be listed only. */
  readonly list: readonly string[];
  /** Includes reading, without which the kernel executes nothing. */
  readonly execute: readonly string[];
};

/** No field holds a `:` or a control character. */
export type Account = {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly comment: string;
  readonly home: string;
  readonly shell: string;
};

/** From strict to lenient. */
export type Action = "killProcess" | "killThread" | "allow" | "trap" | {
  readonly errno: number;
} | "log";

/**
 * The limits that /proc, /sys, /sys/fs/cgroup and `sched_getaffinity` show, for programs that adapt to them. In the
 * jail of `runsc`, whose own limits are wider, those that it shows its workload.
 */
export type Advertised = {
  readonly memoryBytes: number;
  readonly pids: number;
  /** The sandbox starts on this many processors, rounded up. */
  readonly milliCpus: number;
};

/** Compares a whole 64-bit argument. */
export type Argument = {
  /** 0 to 5. */
  readonly index: number;
  readonly op: Comparison;
  /** The mask, for `maskedEqual`. */
  readonly value: string;
  /** The value under the mask, for `maskedEqual`; else 0. */
  readonly valueTwo: string;
};

export type Cgroup = {
  /** 2, 1, or 0 for none. */
  readonly version: 0 | 1 | 2;
  /** The controllers whose limit must be in force: a launch that cannot set one is refused. */
  readonly controllers: readonly Controller[];
};

export type Channel = number | Stdio;

export type Comparison = "notEqual" | "less" | "lessOrEqual" | "equal" | "greaterOrEqual" | "greater" | "maskedEqual";

export type Controller = "memory" | "pids" | "cpu";

/** Rules, and the action for every call that no rule covers. Where rules overlap, the strictest applies. */
export type CustomProfile = {
  readonly default: Action;
  readonly rules: readonly Rule[];
  /** Calls that it does not allow also go to the host's audit log (`SECCOMP_FILTER_FLAG_LOG`). */
  readonly log: boolean;
};

export type Descriptor = {
  readonly kind: "attached";
  readonly fd: number;
  readonly name: string;
} | {
  readonly kind: "open";
  readonly fd: number;
  readonly path: string;
  /** Open for writing too. */
  readonly write: boolean;
};

export type Group = {
  readonly name: string;
  readonly gid: number;
  /** Names of users. */
  readonly members: readonly string[];
};

/**
 * Everything below `/` may be read and executed, or only the paths in `access`; the paths in `writable` may be written,
 * `/dev` as its nodes allow.
 */
export type Landlock = {
  /** The kernel must offer at least this ABI; exactly its rights are handled. */
  readonly abi: number;
  readonly writable: readonly string[];
  /** Overlayfs whiteouts may be created. Landlock cannot see the device number. */
  readonly whiteouts: boolean;
  /** Narrower than everything: then being `writable` does not imply reading or executing. */
  readonly access: Access | null;
  /** From ABI 4 on: the only TCP ports allowed. If absent, only the network namespace limits ports. */
  readonly tcp: Tcp | null;
  /**
   * POSIX message queues at /dev/mqueue may be created, used and removed. The kernel opens a queue through another
   * mount of the same file system; without a rule for that, even `mq_open` fails.
   */
  readonly queues: boolean;
  /**
   * From ABI 9 on: where Unix sockets created outside the sandbox may be connected to. Earlier ABIs have no rule about
   * them.
   */
  readonly sockets: readonly string[];
};

export type Level = "chroot" | "container" | "gvisor" | "microvm";

/** Every limit is always set: an absent limit would be an unlimited one. */
export type Limits = {
  readonly memoryBytes: number;
  readonly pids: number;
  /** Thousandths of one processor. */
  readonly milliCpus: number;
  /** RLIMIT_NOFILE of the workload. */
  readonly openFiles: number;
  /**
   * RLIMIT_FSIZE of a program that builds a sandbox. `null` for a workload: its file systems have a size limit of their
   * own, which returns ENOSPC, whereas this limit sends a signal that kills.
   */
  readonly fileBytes: number | null;
  /** RLIMIT_MEMLOCK. */
  readonly lockedBytes: number;
  /** RLIMIT_AS where no cgroup limits memory; otherwise `null`. */
  readonly addressSpaceBytes: number | null;
  /** RLIMIT_NPROC where no cgroup limits processes; otherwise `null`. */
  readonly processes: number | null;
};

/** `at` is absolute, inside, without `.`, `..`, empty parts or a slash at the end. */
export type Mount = {
  readonly kind: "bind";
  /** A host path as `RootDirectory::path`; opened with the caller's credentials. */
  readonly source: string;
  readonly at: string;
  readonly readOnly: boolean;
  /** False: mounted noexec. */
  readonly exec: boolean;
  readonly owner: Owner | null;
} | {
  readonly kind: "layers";
  readonly at: string;
  /** As in `RootLayers`. */
  readonly layers: readonly string[];
  readonly owner: Owner | null;
  /** A writable memory layer above them; without one the tree is read-only. */
  readonly overlay: Overlay | null;
  /** Whether the writable layer becomes read-only after all mounts: it then only holds mount points. */
  readonly readOnly: boolean;
  /** False: mounted noexec. */
  readonly exec: boolean;
} | {
  readonly kind: "tmpfs";
  readonly at: string;
  readonly sizeBytes: number;
  readonly inodes: number;
  /** Permission bits, at most 0o1777. */
  readonly mode: number;
  /** Owner, inside. */
  readonly uid: number;
  readonly gid: number;
  readonly exec: boolean;
} | {
  readonly kind: "proc";
  readonly at: string;
  /** False: read-only as a whole. True only in the jail of `runsc`, which writes its children's id maps there. */
  readonly writable: boolean;
} | {
  readonly kind: "dev";
  readonly at: string;
  /** Size of /dev/shm. */
  readonly shmBytes: number;
  /** Mounts the POSIX message queues of the sandbox's IPC namespace at /dev/mqueue, if the kernel has them. */
  readonly mqueue: boolean;
} | {
  readonly kind: "sys";
  readonly at: string;
} | {
  readonly kind: "mask";
  readonly at: string;
} | {
  readonly kind: "file";
  readonly at: string;
  /** At most 384 KiB. */
  readonly content: string;
} | {
  readonly kind: "passwd";
  readonly at: string;
  readonly accounts: readonly Account[];
} | {
  readonly kind: "group";
  readonly at: string;
  readonly groups: readonly Group[];
} | {
  readonly kind: "symlink";
  readonly at: string;
  readonly target: string;
} | {
  readonly kind: "device";
  /** One of `DEVICES`; the caller must be able to open it for reading and writing. */
  readonly path: string;
  /** The same path, by which programs know it. */
  readonly at: string;
};

export type Namespace = "mount" | "pid" | "ipc" | "net" | "user" | "uts" | "cgroup";

/** Files that `host` owns on disk belong to `uid` and `gid` in the sandbox. */
export type OneOwner = {
  readonly hostUid: number;
  readonly hostGid: number;
  readonly uid: number;
  readonly gid: number;
  /**
   * User 0 of the sandbox may also create files here, to give them to `uid` and `gid` at once, as the gofer of `runsc`
   * does. Until then their owner on disk is user 0's host id, an id of the sandbox's range. Level gvisor only, and only
   * if the mount is writable.
   */
  readonly maker?: boolean;
  /**
   * If the file system or the kernel cannot map ids, the mount is made without an owner, which makes fewer files
   * accessible. Only for a read-only bind.
   */
  readonly optional?: boolean;
};

export type Overlay = {
  readonly sizeBytes: number;
  readonly inodes: number;
};

/**
 * An idmapped mount: maps owners on disk to owners inside, and back. All other files have an owner that no user inside
 * can be.
 */
export type Owner = OneOwner | StoreOwner;

export type Payload = {
  readonly kind: "init";
  /** A second connection, attached as `EGRESS`: it carries only the sandbox's egress. */
  readonly egress: boolean;
  /** A connection attached as `BRIDGE`: init passes connections of the service's channels over it. */
  readonly bridge: boolean;
} | {
  readonly kind: "program";
  /** Absolute, inside the jail; or `WARDEN`, whose second argument then is a role. */
  readonly path: string;
  readonly argv: readonly string[];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The descriptors of the launch connection. */
  readonly channel: Channel;
  /** Its other descriptors. All that are not named are closed, except 0, 1 and 2, which are then /dev/null. */
  readonly descriptors: readonly Descriptor[];
};

/** One sandbox, complete. Unknown fields are refused at every depth. */
export type Plan = {
  /** Always 1. */
  readonly version: 1;
  /** Names the sandbox in control messages and in its cgroup: `[a-z0-9][a-z0-9-]{7,39}`. */
  readonly id: string;
  readonly level: Level;
  /** Host name inside, `[a-z0-9-]{1,63}`; only set if there is a uts namespace. */
  readonly hostname: string;
  /** The namespaces to create: `mount`, `pid`, `ipc` and `net` always, the rest by level and host. */
  readonly namespaces: readonly Namespace[];
  /** The workload's user, in ids as seen inside. */
  readonly user: User;
  readonly root: Root;
  /** Executed in this order, after the root. */
  readonly mounts: readonly Mount[];
  readonly limits: Limits;
  /** `null`: programs see the processors and the memory of the host. */
  readonly advertised: Advertised | null;
  readonly cgroup: Cgroup;
  readonly seccomp: Seccomp;
  /** `null`: Landlock is not applied (and the enforcement table said so). */
  readonly landlock: Landlock | null;
  /** Capabilities left to the workload, without `CAP_`; empty but for a `container` with a user namespace. */
  readonly capabilities: readonly string[];
  /** Name of an AppArmor profile that is loaded already. */
  readonly apparmor: string | null;
  /**
   * The SELinux label with which the payload is executed: user, role, type, and further parts that the host's policy
   * has.
   */
  readonly selinux: string | null;
  /** Loopback answers for 198.18.0.0/15, of which each allowed name gets an address. */
  readonly reservedAddresses: boolean;
  /** The program that the confined child executes. `init` if absent. */
  readonly payload: Payload;
  /** `microvm` only: the plan that the guest's supervisor executes, which the host does not examine. */
  readonly inner: Readonly<Record<string, unknown>> | null;
};

export type Root = {
  readonly source: RootSource;
  /** Whether the workload's root is read-only, after all mounts. */
  readonly readOnly: boolean;
  /**
   * A writable memory layer above `source`: needed for `read_only: false` on a directory, and if mount points are
   * missing in it.
   */
  readonly overlay: Overlay | null;
};

export type RootSource = {
  readonly kind: "directory";
  /** Absolute and canonical; a symbolic link anywhere in it is refused. */
  readonly path: string;
  readonly owner: Owner | null;
} | {
  readonly kind: "layers";
  /**
   * Each as `RootDirectory::path`; the topmost first, as overlayfs counts. Its whiteouts (character device 0:0) hide
   * files of lower layers.
   */
  readonly layers: readonly string[];
  readonly owner: Owner | null;
} | {
  readonly kind: "empty";
  readonly sizeBytes: number;
};

export type Rule = {
  /** Names from the kernel's table; those that this architecture lacks are skipped. */
  readonly names: readonly string[];
  readonly action: Action;
  /** All must hold; no argument is compared twice. Empty: whatever the arguments. */
  readonly args: readonly Argument[];
};

export type Seccomp = {
  /** The base filter, in force for the payload and all its descendants. */
  readonly profile: SeccompProfile;
  /** Refuse to create set-user-id and set-group-id files: whenever a host directory is writable. */
  readonly denySetid: boolean;
  /** Refuse every socket but AF_UNIX. */
  readonly unixSocketsOnly: boolean;
  /**
   * Allow creating overlayfs whiteouts: character devices 0:0, which open nothing. The kernel lets any user create
   * these, and no other devices.
   */
  readonly whiteouts: boolean;
};

/** The name of one of `crate::profile::PROFILES`, or a complete profile. */
export type SeccompProfile = "default" | "strict" | "sentry" | "qemu" | "firecracker" | CustomProfile;

/** Descriptors 0 and 1. */
export type Stdio = "stdio";

/** The 65,536 ids starting at `range` are the ids starting at 0 in the sandbox: each of its users has its own files. */
export type StoreOwner = {
  /** `STORE_RANGE`; or 0 in a virtual machine, whose images belong to its one sandbox alone. */
  readonly range: number;
};

/** TCP ports, for any address. Binding 0 means any free port. */
export type Tcp = {
  readonly bind: readonly number[];
  readonly connect: readonly number[];
};

/** Ids inside, each at most 65,535. */
export type User = {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
};
