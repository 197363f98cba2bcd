import type { Mount } from "../schema.js";

/**
 * Files in /proc that any uid may read and that reveal the host: its hardware, its other workloads, addresses for an
 * exploit, keys of other users. Files readable only to the host's root need no cover, because no process inside has
 * that uid; and all of /proc is read-only. The warden covers those that exist; each costs a mount, so every one has a
 * purpose.
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

/**
 * /proc, /sys and /dev: the same in every sandbox, except for the size of /dev/shm. `mqueue`: with its own POSIX
 * message queues, which no jail needs.
 */
export function kernelViews(shmBytes: number, mqueue = false): readonly Mount[] {
  return [
    { kind: "proc", at: "/proc", writable: false },
    ...MASKED_PROC.map((name) => ({ kind: "mask" as const, at: `/proc/${name}` })),
    { kind: "sys", at: "/sys" },
    { kind: "dev", at: "/dev", shmBytes, mqueue },
  ];
}
