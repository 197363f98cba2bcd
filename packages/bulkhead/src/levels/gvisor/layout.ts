/** Paths in the jail that `runsc` runs in. */
export const RUNSC = "/bin/runsc";
export const BUNDLE = "/bundle";
/** State of `runsc` for its one sandbox. */
export const STATE = "/state";
/** The workload's root. */
export const ROOT = "/rootfs";
/** Mounts of the workload that `runsc` mounts itself. */
export const MOUNTS = "/mounts";
/** Our init, in that root. */
export const INIT = "/.bulkhead/init";
/** Init's orders: too long for an argument if the policy has its own profile. */
export const INNER = "/.bulkhead/inner.json";
