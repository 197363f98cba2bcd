import type { Mount } from "../schema.js";

/**
 * What any uid may read in /proc and what tells of the host: its hardware, its other workloads, addresses for an
 * exploit, keys of other users. Files that only the host's root may read need no cover, since nobody inside is that; and
 * /proc is read-only as a whole. The warden covers those that are there; each costs a mount, so none is for show.
 */
const MASKED_PROC = [
  "acpi",
  "asound",
  "buddyinfo",
  "bus",
  "cmdline",
  "config.gz",
  "diskstats",
  "driver",
  "fs",
  "interrupts",
  "iomem",
  "ioports",
  "irq",
  "kallsyms",
  "key-users",
  "keys",
  "latency_stats",
  "modules",
  "partitions",
  "pressure",
  "sched_debug",
  "schedstat",
  "scsi",
  "softirqs",
  "swaps",
  "timer_list",
  "timer_stats",
  "vmstat",
  "zoneinfo",
] as const;

/** /proc, /sys and /dev: the same in every sandbox, but for the size of /dev/shm. `mqueue`: with its own POSIX message queues, which no jail needs. */
export function kernelViews(shmBytes: number, mqueue = false): readonly Mount[] {
  return [
    { kind: "proc", at: "/proc", writable: false },
    ...MASKED_PROC.map((name) => ({ kind: "mask" as const, at: `/proc/${name}` })),
    { kind: "sys", at: "/sys" },
    { kind: "dev", at: "/dev", shmBytes, mqueue },
  ];
}
