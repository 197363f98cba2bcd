// Generated from the types of the warden by `npm run generate`: change those, not this file.

/** Of what a broker says. */
export const CONTROL_GENERATION = 1;

/** Bytes of the first message to a broker, which may hold a plan. */
export const MAX_OPENING_BYTES = 1048576;

/** Of what a guest's supervisor says. */
export const GUEST_GENERATION = 1;

/** Protections that leave a trace outside: the broker's evidence has a verdict about each. */
export const TRACED = [
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
  "network",
  "cgroup.memory",
  "cgroup.pids",
  "cgroup.cpu"
] as const;
