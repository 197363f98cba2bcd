import type { Attempt } from "../attempt.js";

const MIB = 1024 * 1024;
const inClass = { class: "resources" } as const;
/** Small enough to be reached at once. */
const resources = { memory: "64MiB", pids: 16, disk: "8MiB", openFiles: 64, time: "20s" } as const;
const slack = 1.1;

/** What the broker counts besides: the user-space kernel; the machine's own kernel and its monitor. */
const OF_THE_WALL = { chroot: 0, container: 0, gvisor: 128 * MIB, microvm: 512 * MIB } as const;

/** Each in a sandbox of its own, small enough to be filled, and measured by the broker. */
export const exhaustion: readonly Attempt[] = [
  {
    ...inClass,
    protection: "cgroup.memory",
    title: "more memory than allowed",
    argv: ["memory-bomb"],
    policy: { resources },
    mayBeKilled: true,
    outsideOnly: true,
    judge: ({ stats, level }) =>
      (stats.memoryPeakBytes ?? 0) > 64 * MIB * slack + OF_THE_WALL[level]
        ? `${stats.memoryPeakBytes} bytes were had`
        : undefined,
  },
  {
    ...inClass,
    protection: "cgroup.pids",
    title: "more threads than allowed",
    argv: ["threads", "64"],
    policy: { resources },
    mayBeKilled: true,
    outsideOnly: true,
    judge: ({ detail }) => (numberIn(detail) >= 16 ? detail : undefined),
  },
  {
    ...inClass,
    protection: "cgroup.pids",
    title: "more processes than allowed, however often it is tried",
    argv: ["processes", "200"],
    policy: { resources },
    mayBeKilled: true,
    outsideOnly: true,
    judge: ({ detail }) => (numberIn(detail) >= 16 ? detail : undefined),
  },
  {
    ...inClass,
    protection: "disk-limit",
    title: "more disk than allowed",
    argv: ["disk", "/tmp", String(32 * MIB)],
    policy: { resources },
    mayBeKilled: true,
    outsideOnly: true,
    judge: ({ detail }) => (numberIn(detail) > 8 * MIB ? detail : undefined),
  },
  {
    ...inClass,
    protection: "rlimits",
    title: "more descriptors than allowed",
    argv: ["open-files", "512"],
    policy: { resources },
    outsideOnly: true,
    judge: ({ detail }) => (numberIn(detail) > 64 ? detail : undefined),
  },
  { ...inClass, protection: "rlimits", title: "message queues", argv: ["queues", "64"], policy: { resources } },
  {
    ...inClass,
    protection: "rlimits",
    title: "a core dump",
    argv: ["core"],
    policy: { resources },
    mayBeKilled: true,
    outsideOnly: true,
  },
];

function numberIn(text: string): number {
  return Math.max(0, ...[...text.matchAll(/\d+/g)].map(([digits]) => Number(digits)));
}
