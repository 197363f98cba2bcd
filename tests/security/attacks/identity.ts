import type { Attack } from "../support/attack.js";

export const identity: readonly Attack[] = [
  { title: "become root", attempt: ["setuid", "0"] },
  { title: "become init's user", requirement: "init out of reach", attempt: ["setuid", "65535"] },
  { title: "become a user of the host", requirement: "root inside powerless outside", attempt: ["setuid", "54321"] },
  { title: "become root's group", attempt: ["setgid", "0"] },
  { title: "join a group", attempt: ["setgroups", "0"] },
  { title: "setfsuid root", attempt: ["setfsuid", "0"] },
  { title: "raise every capability", attempt: ["capset"] },
  { title: "raise an ambient capability", attempt: ["ambient"] },
  {
    title: "capabilities in any set, the bounding one too",
    requirement: "root inside powerless outside",
    attempt: ["capabilities"],
  },
  {
    title: "capabilities as root inside",
    requirement: "root inside powerless outside",
    levels: ["container"],
    policy: { user: "0:0" },
    attempt: ["capabilities"],
  },
  { title: "no confinement at all", attempt: ["unconfined"] },
  { title: "write the uid map", requirement: "root inside powerless outside", attempt: ["id-map"] },
  // Not RLIMIT_FSIZE: what bounds files are the file systems (decision 0019), and the floods fill those.
  ...["7", "8", "4", "12"].map(
    (resource): Attack => ({
      title: `raise resource limit ${resource}`,
      requirement: "every resource bounded",
      attempt: ["raise-limit", resource],
    }),
  ),
  // The Sentry keeps such a number, and schedules by nothing.
  { title: "a priority above all others", levels: ["chroot", "container", "microvm"], attempt: ["nice"] },
  { title: "real-time scheduling", attempt: ["real-time"] },
  { title: "real-time I/O", attempt: ["io-priority"] },
  { title: "never be killed for memory", attempt: ["oom-score"] },
  // Without a cgroup namespace (chroot) the path shows; it names nothing but the sandbox.
  { title: "the host's control group paths", levels: ["container"], attempt: ["cgroup-path"] },
  { title: "join the root control group", attempt: ["cgroup-join", "/sys/fs/cgroup/pids/cgroup.procs"] },
  {
    title: "join through /proc/1/root",
    requirement: "init out of reach",
    attempt: ["cgroup-join", "/proc/1/root/sys/fs/cgroup/cgroup.procs"],
  },
];
