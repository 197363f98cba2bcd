import { LANDLOCK_NEWEST_ABI, LANDLOCK_SOCKETS_ABI, LANDLOCK_TCP_ABI } from "../contract/generated/plan-constants.js";

/** One release of Landlock's interface (`LANDLOCK_CREATE_RULESET_VERSION`). */
export interface LandlockAbi {
  readonly abi: number;
  /** First kernel that has it. Distributions may backport it to an older one. */
  readonly linux: string;
  /** Kinds of access that rules can cover from this ABI on. */
  readonly adds: string;
  /** How Bulkhead uses it. */
  readonly use: string;
}

/**
 * The one table of all ABIs that this version knows. Source: the kernel's `Documentation/userspace-api/landlock.rst`.
 */
export const LANDLOCK_ABIS: readonly LandlockAbi[] = [
  { abi: 1, linux: "5.13", adds: "files, by path", use: "always" },
  {
    abi: 2,
    linux: "5.19",
    adds: "moving files between directories",
    use: "always; before it the kernel refuses all such moves",
  },
  { abi: 3, linux: "6.2", adds: "truncation", use: "always" },
  { abi: 4, linux: "6.7", adds: "TCP ports", use: "with `tcp` in the policy, which requires it" },
  { abi: 5, linux: "6.10", adds: "ioctls of devices", use: "always" },
  { abi: 6, linux: "6.12", adds: "signals and abstract sockets", use: "always: both stay inside" },
  { abi: 7, linux: "6.15", adds: "what is written to the audit log", use: "the kernel's own default" },
  { abi: 8, linux: "7.0", adds: "all threads at once", use: "always" },
  {
    abi: 9,
    linux: "7.1",
    adds: "Unix sockets in the file system",
    use: "always: those made outside are connected to only where a mount says `sockets: true`",
  },
  {
    abi: 10,
    linux: "7.2",
    adds: "UDP ports",
    use: "never: the right to bind also decides about each `connect` and `sendto` of a socket that is not bound yet. UDP is the network namespace's",
  },
];

/** Bulkhead uses no later ABI, even on newer kernels. */
export const NEWEST_LANDLOCK = LANDLOCK_NEWEST_ABI;
/** First ABI that restricts TCP ports. */
export const TCP_ABI = LANDLOCK_TCP_ABI;
/** First ABI that keeps signals and abstract sockets inside. */
export const SCOPE_ABI = 6;
/** First ABI that restricts connections to Unix sockets in the file system. */
export const SOCKETS_ABI = LANDLOCK_SOCKETS_ABI;

/** The ABI that a plan may use on this kernel; 0 if there is none. */
export function usableAbi(kernel: number): number {
  return Math.min(kernel, NEWEST_LANDLOCK);
}

/** Features that an ABI lacks. */
export function addedAfter(abi: number): readonly LandlockAbi[] {
  return LANDLOCK_ABIS.filter((one) => one.abi > abi);
}
