import type { Attack } from "../support/attack.js";

/** Each aimed at init and at a process of the host, by the number it has there. */
function atBoth(
  title: string,
  attempt: (pid: string) => readonly string[],
  more: Partial<Attack> = {},
): readonly Attack[] {
  return [
    { title: `${title} init`, requirement: "init out of reach", attempt: attempt("1"), ...more },
    { title: `${title} a host process`, attempt: ({ victim }) => attempt(String(victim)), ...more },
  ];
}

export const processes: readonly Attack[] = [
  ...atBoth("kill", (pid) => ["kill", pid, "9"], { outcome: ["refused", "absent", "succeeded"] }),
  ...atBoth("terminate", (pid) => ["kill", pid, "15"], { outcome: ["refused", "absent", "succeeded"] }),
  ...atBoth("stop", (pid) => ["kill", pid, "19"], { outcome: ["refused", "absent", "succeeded"] }),
  ...atBoth("queue a signal to", (pid) => ["queue-signal", pid], { outcome: ["refused", "absent", "succeeded"] }),
  ...atBoth("signal by pidfd", (pid) => ["pidfd-signal", pid], { outcome: ["refused", "absent", "succeeded"] }),
  ...atBoth("ptrace attach", (pid) => ["ptrace-attach", pid]),
  ...atBoth("ptrace seize", (pid) => ["ptrace-seize", pid]),
  ...atBoth("read the memory of", (pid) => ["vm-read", pid, "4194304"]),
  ...atBoth("write the memory of", (pid) => ["vm-write", pid, "4194304"]),
  ...atBoth("open /proc/PID/mem of", (pid) => ["memory", pid]),
  ...atBoth("read the environment of", (pid) => ["environment", pid]),
  ...atBoth("list the descriptors of", (pid) => ["descriptors", pid]),
  ...atBoth("reopen a descriptor of", (pid) => ["descriptor-open", pid, "0"]),
  ...atBoth("take a descriptor of", (pid) => ["take-descriptor", pid, "3"]),
  ...atBoth("limit", (pid) => ["limit", pid]),
  ...atBoth("slow down", (pid) => ["priority", pid], { outcome: ["refused", "absent", "succeeded"] }),
  ...atBoth("compare resources with", (pid) => ["compare", pid]),
  { title: "move a host process to one processor", attempt: ({ victim }) => ["affinity", String(victim)] },
  {
    title: "kill(-1)",
    requirement: "init out of reach",
    mayBeKilled: true,
    outcome: ["refused", "absent", "succeeded"],
    attempt: ["kill-all", "9"],
  },
  { title: "kill(0), the own group", requirement: "own session", outcome: ["succeeded"], attempt: ["kill-group"] },
  {
    title: "kill the process group of the launcher",
    requirement: "own session",
    attempt: () => ["kill-group-of", String(process.pid)],
  },
  { title: "a session shared with the launcher", requirement: "own session", attempt: ["own-session"] },
  { title: "descriptors that leaked", requirement: "nothing inherited", attempt: ["own-leaks"] },
  { title: "see a host process in /proc", attempt: () => ["find", "1000000"] },
  { title: "reach a host process by its number", attempt: ({ victim }) => ["reach", String(victim)] },
];
