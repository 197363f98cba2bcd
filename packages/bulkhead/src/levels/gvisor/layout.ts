/** Where things are in the jail that `runsc` runs in. */
export const RUNSC = "/bin/runsc";
export const BUNDLE = "/bundle";
/** What `runsc` remembers of its one sandbox. */
export const STATE = "/state";
/** The workload's root. */
export const ROOT = "/rootfs";
/** The workload's /tmp, as the mount that it is in the end. */
export const TEMPORARY = "/temporary";
/** Our init, in that root. */
export const INIT = "/.bulkhead/init";
