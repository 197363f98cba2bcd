/** Where things are in the jail that `runsc` runs in. */
export const RUNSC = "/bin/runsc";
export const BUNDLE = "/bundle";
/** What `runsc` remembers of its one sandbox. */
export const STATE = "/state";
/** The workload's root. */
export const ROOT = "/rootfs";
/** Where those mounts of the workload are that `runsc` mounts itself. */
export const MOUNTS = "/mounts";
/** Our init, in that root. */
export const INIT = "/.bulkhead/init";
/** What init is told: too long for an argument where the policy has a profile of its own. */
export const INNER = "/.bulkhead/inner.json";
