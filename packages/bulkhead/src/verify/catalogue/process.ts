import { defined } from "../../values/defined.js";
import type { Attempt } from "../attempt.js";

const inClass = { class: "process", protection: "namespace.pid" } as const;

/** Aimed at a host process, by its number on the host. */
const AT_HOST: readonly (readonly [string, (pid: string) => readonly string[], string?])[] = [
  ["kill", (pid) => ["kill", pid, "9"]],
  ["stop", (pid) => ["kill", pid, "19"]],
  ["queue a signal to", (pid) => ["queue-signal", pid]],
  ["signal by pidfd", (pid) => ["pidfd-signal", pid]],
  ["trace", (pid) => ["ptrace-attach", pid]],
  ["read the memory of", (pid) => ["vm-read", pid, "4194304"]],
  ["write the memory of", (pid) => ["memory", pid], "CVE-2012-0056"],
  ["read the environment of", (pid) => ["environment", pid]],
  ["list the descriptors of", (pid) => ["descriptors", pid]],
  ["take a descriptor of", (pid) => ["take-descriptor", pid, "0"]],
  ["limit", (pid) => ["limit", pid]],
  ["move to one processor", (pid) => ["affinity", pid]],
  ["reach", (pid) => ["reach", pid]],
];

const AT_INIT: typeof AT_HOST = [
  ["trace", (pid) => ["ptrace-attach", pid]],
  ["write the memory of", (pid) => ["memory", pid]],
  ["read the environment of", (pid) => ["environment", pid]],
  ["list the descriptors of", (pid) => ["descriptors", pid]],
];

export const processes: readonly Attempt[] = [
  ...AT_HOST.map(
    ([title, argv, cve]): Attempt => ({
      ...inClass,
      title: `${title} a process of the host`,
      argv: ({ victim }) => argv(String(victim)),
      ...defined({ cve }),
    }),
  ),
  ...AT_INIT.map(
    ([title, argv]): Attempt => ({ ...inClass, protection: "seccomp", title: `${title} init`, argv: argv("1") }),
  ),
  { ...inClass, title: "kill everybody", argv: ["kill-all", "15"], mayBeKilled: true, outsideOnly: true },
  { ...inClass, title: "kill the own group", protection: "own-session", argv: ["kill-group"], outsideOnly: true },
  {
    ...inClass,
    title: "kill the launcher's group",
    protection: "own-session",
    argv: () => ["kill-group-of", String(process.pid)],
  },
  { ...inClass, title: "a session shared with the launcher", protection: "own-session", argv: ["own-session"] },
  {
    ...inClass,
    title: "descriptors that leaked",
    protection: "closed-descriptors",
    cve: "CVE-2016-9962",
    argv: ["own-leaks"],
  },
  { ...inClass, title: "see the host's processes", argv: ["find", "1000000"] },
];
