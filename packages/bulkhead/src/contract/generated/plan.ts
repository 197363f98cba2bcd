// Generated from the types of the warden by `npm run generate`: change those, not this file.

/**
 * Files, or directories with all that is below them. What is not there when the sandbox starts is left out: that allows
 * less.
 */
export type Access = {
  /** Files are read, and directories listed. */
  readonly read: readonly string[];
  /** Directories are listed, and no more. */
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
 * What /proc, /sys, /sys/fs/cgroup and `sched_getaffinity` say of the limits, for programs that adapt to them. In the
 * jail of `runsc`, whose own limits are wider, what it is to tell its workload.
 */
export type Advertised = {
  readonly memoryBytes: number;
  readonly pids: number;
  /** The sandbox starts on as many processors as this needs, rounded up. */
  readonly milliCpus: number;
};

/** Compares a whole argument, 64 bits. */
export type Argument = {
  /** 0 to 5. */
  readonly index: number;
  readonly op: Comparison;
  /** The mask, for `maskedEqual`. */
  readonly value: string;
  /** What is left under the mask, for `maskedEqual`; else 0. */
  readonly valueTwo: string;
};

export type Cgroup = {
  /** 2, 1, or 0 for none. */
  readonly version: 0 | 1 | 2;
  /** Those whose limit must be in force: a launch that cannot set one is refused. */
  readonly controllers: readonly Controller[];
};

export type Channel = number | Stdio;

export type Comparison = "notEqual" | "less" | "lessOrEqual" | "equal" | "greaterOrEqual" | "greater" | "maskedEqual";

export type Controller = "memory" | "pids" | "cpu";

/** Rules, and what becomes of every call that none of them is about. Where rules overlap the strictest counts. */
export type CustomProfile = {
  readonly default: Action;
  readonly rules: readonly Rule[];
  /** Whatever it does not allow is written to the host's audit log as well (`SECCOMP_FILTER_FLAG_LOG`). */
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
  /** For writing too. */
  readonly write: boolean;
};

export type Group = {
  readonly name: string;
  readonly gid: number;
  /** Names of users. */
  readonly members: readonly string[];
};

/**
 * Everything below `/` may be read and executed, or what `access` says; what `writable` names may be written, `/dev` as
 * its nodes allow.
 */
export type Landlock = {
  /** The kernel must offer at least this ABI, and exactly its rights are handled. */
  readonly abi: number;
  readonly writable: readonly string[];
  /** Whiteouts of overlayfs may be made: which device it is, Landlock cannot see. */
  readonly whiteouts: boolean;
  /** Less than everything: then being `writable` allows no reading and no executing either. */
  readonly access: Access | null;
  /** From ABI 4 on: the only TCP ports. Absent: the network namespace alone decides. */
  readonly tcp: Tcp | null;
  /**
   * POSIX message queues at /dev/mqueue may be made, used and removed. The kernel opens a queue on a mount of its own,
   * but of the same file system; without a rule for that not even `mq_open` passes.
   */
  readonly queues: boolean;
  /**
   * From ABI 9 on: where Unix sockets may be connected to that others than the sandbox made. Before that no rule is
   * about them.
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
   * RLIMIT_FSIZE, of what makes a wall. `null` for a workload: its file systems have an end of their own, which says
   * ENOSPC, and this limit sends a signal that kills.
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
  /** A writable layer above them, in memory; without one the tree is read-only. */
  readonly overlay: Overlay | null;
  /** Whether the writable layer is closed once everything is mounted: it only has to hold mount points. */
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
  /**
   * False: read-only as a whole. True only in the jail of `runsc`, which writes the id maps of its own children there.
   */
  readonly writable: boolean;
} | {
  readonly kind: "dev";
  readonly at: string;
  /** Of /dev/shm. */
  readonly shmBytes: number;
  /** Shows the POSIX message queues of the sandbox's IPC namespace at /dev/mqueue, where the kernel has any. */
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
  /** One of `DEVICES`; whoever asks must be able to open it for reading and writing. */
  readonly path: string;
  /** The same: programs know these by their names. */
  readonly at: string;
};

export type Namespace = "mount" | "pid" | "ipc" | "net" | "user" | "uts" | "cgroup";

/** What `host` owns on disk belongs to `uid` and `gid` in the sandbox. */
export type OneOwner = {
  readonly hostUid: number;
  readonly hostGid: number;
  readonly uid: number;
  readonly gid: number;
  /**
   * User 0 of the sandbox may make files here as well, to give them to `uid` and `gid` at once: as the gofer of `runsc`
   * does. Until then they are on disk what it is on the host, an id of the sandbox's range. Level gvisor only, and only
   * where it may be written.
   */
  readonly maker?: boolean;
  /**
   * Where the file system or the kernel cannot map ids the mount is made as if it had no owner, which shows less of it.
   * Only of a bind that is read-only.
   */
  readonly optional?: boolean;
};

export type Overlay = {
  readonly sizeBytes: number;
  readonly inodes: number;
};

/**
 * An idmapped mount: whose files on disk are whose inside, and the other way round. Everybody else's files keep an
 * owner that nobody inside can be.
 */
export type Owner = OneOwner | StoreOwner;

export type Payload = {
  readonly kind: "init";
  /** A second connection, attached as `EGRESS`: the sandbox's egress travels on it, and nothing else does. */
  readonly egress: boolean;
} | {
  readonly kind: "program";
  /** Absolute, inside the jail; or `WARDEN`, whose second argument then is a role. */
  readonly path: string;
  readonly argv: readonly string[];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Where it finds the launch connection. */
  readonly channel: Channel;
  /** What else it starts with. Everything that is not named is closed, but 0, 1 and 2, which then are /dev/null. */
  readonly descriptors: readonly Descriptor[];
};

/** One sandbox, complete. Unknown fields are refused at every depth. */
export type Plan = {
  /** Always 1. */
  readonly version: 1;
  /** Names the sandbox in control messages and in its cgroup: `[a-z0-9][a-z0-9-]{7,39}`. */
  readonly id: string;
  readonly level: Level;
  /** Host name inside, `[a-z0-9-]{1,63}`; only set where there is a uts namespace. */
  readonly hostname: string;
  /** Which namespaces are made. `mount`, `pid`, `ipc` and `net` always; the rest by level and host. */
  readonly namespaces: readonly Namespace[];
  /** Who the workload is, in ids as seen inside. */
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
   * The SELinux label that the payload is executed with: user, role, type and what the host's policy has beside them.
   */
  readonly selinux: string | null;
  /** Loopback answers for 198.18.0.0/15, of which each name that may be reached gets an address. */
  readonly reservedAddresses: boolean;
  /** What the confined child executes. `init` when absent. */
  readonly payload: Payload;
  /** `microvm` only: the plan that the guest's supervisor executes, which the host does not look into. */
  readonly inner: Readonly<Record<string, unknown>> | null;
};

export type Root = {
  readonly source: RootSource;
  /** The root as the workload finds it, after everything is mounted. */
  readonly readOnly: boolean;
  /**
   * A writable layer above `source`, in memory: needed for `read_only: false` on a directory, and where mount points
   * are missing in it.
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
   * what is below.
   */
  readonly layers: readonly string[];
  readonly owner: Owner | null;
} | {
  readonly kind: "empty";
  readonly sizeBytes: number;
};

export type Rule = {
  /** As the kernel's table calls them; those that this architecture lacks are passed over. */
  readonly names: readonly string[];
  readonly action: Action;
  /** All must hold; no argument is compared twice. Empty: whatever the arguments. */
  readonly args: readonly Argument[];
};

export type Seccomp = {
  /** The base filter, in force for the payload and everything below it. */
  readonly profile: SeccompProfile;
  /** Refuse to make set-user-id and set-group-id files: whenever a host directory is writable. */
  readonly denySetid: boolean;
  /** Refuse every socket but AF_UNIX. */
  readonly unixSocketsOnly: boolean;
  /**
   * Let overlayfs whiteouts be made: character devices 0:0, which open nothing. The kernel lets anybody make these and
   * no other ones.
   */
  readonly whiteouts: boolean;
};

/** By name, of `crate::profile::PROFILES`; or complete. */
export type SeccompProfile = "default" | "strict" | "sentry" | "qemu" | "firecracker" | CustomProfile;

/** Descriptors 0 and 1. */
export type Stdio = "stdio";

/** The 65,536 ids from `range` on are, in the sandbox, those from 0 on: each of its users has its own files. */
export type StoreOwner = {
  /** `STORE_RANGE`; or 0 in a virtual machine, whose images are of nobody but its one sandbox. */
  readonly range: number;
};

/** Ports of TCP, whatever the address. 0 to be bound is any that is free. */
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
