import type { Level } from "../../policy/level.js";
import type { Attempt } from "../attempt.js";

const MIB = 1024 * 1024;
const inClass = { class: "resources" } as const;
/** Small enough to be reached at once. */
const resources = { memory: "64MiB", pids: 16, disk: "8MiB", openFiles: 64, time: "20s" } as const;
const slack = 1.1;

/** Overhead that the broker counts as well: the user-space kernel; the machine's own kernel and its monitor. */
const OF_THE_WALL = { chroot: 0, container: 0, gvisor: 128 * MIB, microvm: 512 * MIB } as const;

/**
 * Resources that the broker counts, at levels where the host must count them: a level with its own kernel counts
 * processes in there.
 */
const ON_THE_HOST: ReadonlySet<Level> = new Set(["chroot", "container"]);

/** Each runs in its own sandbox, small enough to be filled, and the broker measures it. */
export const exhaustion: readonly Attempt[] = [
  {
    ...inClass,
    protection: "cgroup.memory",
    title: "more memory than allowed",
    argv: ["memory-bomb"],
    policy: { resources },
    mayBeKilled: true,
    outsideOnly: true,
    judge: ({ stats: { memoryPeakBytes }, cgroup: { memoryMax }, level, signal }) => {
      const most = 64 * MIB + OF_THE_WALL[level];
      if (memoryMax === null || memoryPeakBytes === null) return "nothing counts it";
      if (memoryMax > most || memoryPeakBytes > most * slack)
        return `${memoryPeakBytes} of ${memoryMax} bytes were used`;
      return signal === null ? "it was given memory for ever" : undefined;
    },
  },
  {
    ...inClass,
    protection: "cgroup.pids",
    title: "more threads than allowed",
    argv: ["threads", "64"],
    policy: { resources },
    outsideOnly: true,
    judge: ({ had, cgroup: { pidsMax }, level }) =>
      ON_THE_HOST.has(level) && (pidsMax === null || pidsMax > 16 + 1) ? `up to ${pidsMax}` : above(had, 16 - 1),
  },
  {
    ...inClass,
    protection: "cgroup.pids",
    title: "more processes than allowed, however often it is tried",
    argv: ["processes", "200"],
    policy: { resources },
    outsideOnly: true,
    judge: ({ had }) => above(had, 16 - 1),
  },
  {
    ...inClass,
    protection: "disk-limit",
    title: "more disk than allowed",
    argv: ["disk", "/tmp", String(32 * MIB)],
    policy: { resources },
    outsideOnly: true,
    judge: ({ had }) => above(had, 8 * MIB),
  },
  {
    ...inClass,
    protection: "rlimits",
    title: "more descriptors than allowed",
    argv: ["open-files", "512"],
    policy: { resources },
    outsideOnly: true,
    judge: ({ had }) => above(had, 64),
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

/** A probe that could not report its usage proves nothing. */
function above(had: number | undefined, most: number): string | undefined {
  if (had === undefined) return "it did not say how much it had";
  return had > most ? `${had} of ${most} were obtained` : undefined;
}
