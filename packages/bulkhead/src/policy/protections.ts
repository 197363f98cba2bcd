/** Every protection that an enforcement table reports on and that a policy may `require`, in the order of the table. */
export const PROTECTIONS = [
  "uid-range",
  "capabilities",
  "no-new-privs",
  "seccomp",
  "landlock",
  "apparmor",
  "selinux",
  "namespace.user",
  "namespace.mount",
  "namespace.pid",
  "namespace.ipc",
  "namespace.net",
  "namespace.uts",
  "namespace.cgroup",
  "read-only-root",
  "masked-proc",
  "minimal-dev",
  "network",
  "cgroup.memory",
  "cgroup.pids",
  "cgroup.cpu",
  "disk-limit",
  "rlimits",
  "clean-environment",
  "closed-descriptors",
  "own-session",
  "own-session-keyring",
  "kill-on-disconnect",
] as const;

/** The stable name of a protection. */
export type Protection = (typeof PROTECTIONS)[number];
