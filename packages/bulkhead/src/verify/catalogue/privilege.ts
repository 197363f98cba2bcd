import { defined } from "../../values/defined.js";
import type { Attempt } from "../attempt.js";

const inClass = { class: "privilege", protection: "capabilities" } as const;

/** Attempts to gain privileges, use terminals, and exploit files that an image could contain. */
export const privilege: readonly Attempt[] = [
  { ...inClass, title: "become root", argv: ["setuid", "0"] },
  { ...inClass, title: "become init's user", argv: ["setuid", "65535"] },
  { ...inClass, title: "become a user of the host", argv: ["setuid", "54321"] },
  { ...inClass, title: "join root's group", argv: ["setgid", "0"] },
  { ...inClass, title: "join a group", argv: ["setgroups", "0"] },
  { ...inClass, title: "setfsuid", argv: ["setfsuid", "0"] },
  { ...inClass, title: "raise every capability", argv: ["capset"] },
  { ...inClass, title: "raise an ambient capability", argv: ["ambient"] },
  { ...inClass, title: "a capability in any set", argv: ["capabilities"] },
  { ...inClass, title: "no confinement", protection: "no-new-privs", argv: ["unconfined"] },
  { ...inClass, title: "write the id map", argv: ["id-map"] },
  { ...inClass, title: "real-time scheduling", argv: ["real-time"] },
  { ...inClass, title: "a priority above others'", argv: ["nice"] },
  { ...inClass, title: "never be killed for memory", argv: ["oom-score"] },
  ...["7", "8", "4"].map(
    (limit): Attempt => ({
      ...inClass,
      protection: "rlimits",
      title: `raise limit ${limit}`,
      argv: ["raise-limit", limit],
    }),
  ),
  { ...inClass, title: "join the host's control group", argv: ["cgroup-join", "/sys/fs/cgroup/cgroup.procs"] },
  { ...inClass, title: "join through /proc/1/root", argv: ["cgroup-join", "/proc/1/root/sys/fs/cgroup/cgroup.procs"] },
];

const TERMINAL: readonly (readonly [string, string?])[] = [
  ["type-ahead", "CVE-2017-5226"],
  ["type-ahead-upper", "CVE-2019-10063"],
  ["selection", "CVE-2023-28100"],
  ["selection-upper"],
  ["console-output"],
];

export const terminal: readonly Attempt[] = [
  ...TERMINAL.flatMap(([name, cve]): readonly Attempt[] => {
    const attempt = {
      class: "terminal",
      protection: "seccomp",
      argv: [name],
      ...defined({ cve }),
    } as const;
    return [
      { ...attempt, title: `${name} on a terminal`, tty: true },
      { ...attempt, title: `${name} without a terminal` },
    ];
  }),
  { class: "terminal", protection: "own-session", title: "open a terminal", argv: ["open-terminal"] },
  { class: "terminal", protection: "minimal-dev", title: "terminals of the host", argv: ["host-terminals"] },
  { class: "terminal", protection: "minimal-dev", title: "the console", argv: ["console"] },
];

/** A hostile image can contain set-user-id programs and devices; here a host program stands for one. */
export const image: readonly Attempt[] = [
  { class: "image", protection: "no-new-privs", title: "gain by a set-user-id program", argv: ["gained"] },
  {
    class: "image",
    protection: "capabilities",
    title: "a file capability",
    argv: ["attribute", "/tmp", "security.capability"],
  },
  {
    class: "image",
    protection: "capabilities",
    title: "an overlay attribute",
    argv: ["attribute", "/tmp", "trusted.overlay.opaque"],
  },
  { class: "image", protection: "seccomp", title: "a whiteout", argv: ["node", "/tmp/whiteout", "0o20000", "0"] },
];
