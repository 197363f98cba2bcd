const MIB = 1024 * 1024;

/**
 * Default resources. `diskBytes` is the size of each of the sandbox's own writable file systems (the working directory,
 * /tmp, a writable root's layer): they are in memory, so `memoryBytes` bounds all of them together.
 */
export const DEFAULT_RESOURCES = {
  memoryBytes: 512 * MIB,
  // Four times what Chromium needs for a page, the most of fifteen real programs (docs/policy.md, measured by
  // `npm run bench:pids`).
  pids: 512,
  milliCpus: 1000,
  diskBytes: 256 * MIB,
  outputBytes: 10 * MIB,
  openFiles: 1024,
} as const;

/** `connections` limits open connections; one without traffic for `idleMs` ends. */
export const DEFAULT_NETWORK_LIMITS = { connections: 1024, idleMs: 300_000 } as const;

/** Default time limit of `run`. A `Sandbox` and a terminal have none: they are meant to last. */
export const RUN_TIME_MS = 60_000;

/** The user inside, if neither policy nor image names one. */
export const DEFAULT_USER = { uid: 1000, gid: 1000, name: "sandbox" } as const;

export const DEFAULT_WORKDIR = "/work";
export const DEFAULT_HOSTNAME = "sandbox";

/** Value of `apparmor` that generates a profile from the policy; any other value names a loaded profile. */
export const GENERATED_PROFILE = "generated";
