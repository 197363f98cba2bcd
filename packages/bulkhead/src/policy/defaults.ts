const MIB = 1024 * 1024;

/**
 * What a policy that says nothing gets. `diskBytes` is the size of each of the sandbox's own writable file systems (the
 * working directory, /tmp, a writable root's layer): they live in memory, so `memoryBytes` bounds all of them together.
 */
export const DEFAULT_RESOURCES = {
  memoryBytes: 512 * MIB,
  // Four times what Chromium takes for a page, the most of fifteen real programs (docs/policy.md, measured by `npm run bench:pids`).
  pids: 512,
  milliCpus: 1000,
  diskBytes: 256 * MIB,
  outputBytes: 10 * MIB,
  openFiles: 1024,
} as const;

/** `connections` is what may be open at once; a connection ends when nothing moves on it for `idleMs`. */
export const DEFAULT_NETWORK_LIMITS = { connections: 1024, idleMs: 300_000 } as const;

/** How long `run` lets a workload live when the policy does not say. A `Sandbox` and a terminal have no such limit: they are made to last. */
export const RUN_TIME_MS = 60_000;

/** The user inside, when neither policy nor image names one. */
export const DEFAULT_USER = { uid: 1000, gid: 1000, name: "sandbox" } as const;

export const DEFAULT_WORKDIR = "/work";
export const DEFAULT_HOSTNAME = "sandbox";

/** What `apparmor` says to have a profile made of the policy; anything else names one that is loaded. */
export const GENERATED_PROFILE = "generated";
