// Generated from the types of the warden by `npm run generate`: change those, not this file.

/** The largest id inside that a workload can have; the next one is init's. */
export const MAX_ID = 65534;

/** Bytes of one file that a plan brings along. */
export const MAX_CONTENT_BYTES = 393216;

/** Capabilities that a plan can leave to a workload. */
export const GRANTABLE = [
  "CHOWN",
  "DAC_OVERRIDE",
  "DAC_READ_SEARCH",
  "FOWNER",
  "FSETID",
  "KILL",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYS_CHROOT"
] as const;

/** Files in root's store of images belong to this id, and one more for each id inside. */
export const STORE_RANGE = 2147418112;

/** Name of the connection between init and the gate. */
export const EGRESS = "egress" as const;

/** Name of the connection between init and the bridge of its service. */
export const BRIDGE = "bridge" as const;

/** The first ABI of Landlock whose rules are about TCP. */
export const LANDLOCK_TCP_ABI = 4;

/** The first that rules which Unix sockets in the file system are connected to. */
export const LANDLOCK_SOCKETS_ABI = 9;

/** The newest whose rights the warden knows. */
export const LANDLOCK_NEWEST_ABI = 10;
