/** One release of Landlock's interface (`LANDLOCK_CREATE_RULESET_VERSION`). */
export interface LandlockAbi {
  readonly abi: number;
  /** The first kernel that has it. Distributions may bring it to an older one. */
  readonly linux: string;
  /** What rules are about from here on. */
  readonly adds: string;
  /** What Bulkhead does with it. */
  readonly use: string;
}

/** Every ABI that this version knows, and the one table of them. Source: the kernel's `Documentation/userspace-api/landlock.rst`. */
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

/** Newer kernels are asked for no more than this. */
export const NEWEST_LANDLOCK = LANDLOCK_ABIS.length;
/** From this one on it can rule TCP ports. */
export const TCP_ABI = 4;
/** From this one on it keeps signals and abstract sockets inside. */
export const SCOPE_ABI = 6;
/** From this one on it rules which Unix sockets in the file system may be connected to. */
export const SOCKETS_ABI = 9;

/** The ABI that a plan may ask of this kernel; 0: it has none. */
export function usableAbi(kernel: number): number {
  return Math.min(kernel, NEWEST_LANDLOCK);
}

/** What an ABI is too old for. */
export function addedAfter(abi: number): readonly LandlockAbi[] {
  return LANDLOCK_ABIS.filter((one) => one.abi > abi);
}
