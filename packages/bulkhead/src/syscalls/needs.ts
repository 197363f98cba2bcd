import type { SettledProfile } from "./settle.js";

/**
 * What init needs to start a program and to end, on either architecture: without one of these there would be a sandbox in which
 * nothing starts. Its file operations need more (`mkdirat`, `unlinkat`, `inotify_init1` and the like) and fail alone.
 */
export const INIT_NEEDS = [
  ...["brk", "mmap", "mprotect", "munmap", "rt_sigaction", "rt_sigprocmask", "sigaltstack", "rt_sigreturn"],
  ...["read", "write", "close", "close_range", "fcntl", "recvfrom", "recvmsg", "sendto", "sendmsg", "ioctl"],
  ...[
    "clone",
    "execve",
    "execveat",
    "exit_group",
    "wait4",
    "kill",
    "pipe2",
    "socketpair",
    "signalfd4",
    "umask",
    "chdir",
  ],
  ...[
    "openat",
    "setsid",
    "setresuid",
    "setresgid",
    "setgroups",
    "capget",
    "capset",
    "prctl",
    "prlimit64",
    "set_tid_address",
  ],
  ...["getpid", "gettid", "futex", "dup3", "fchmod"],
  // Where the C library has these, it makes them; aarch64 never had them.
  ...(process.arch === "x64" ? (["arch_prctl", "dup2", "open", "poll"] as const) : (["ppoll"] as const)),
] as const;

/** The calls of init's that a profile never lets through, whatever their arguments. */
export function missingFor(profile: Pick<SettledProfile, "default" | "rules">): readonly string[] {
  const passes = (action: unknown) => action === "allow" || action === "log";
  return INIT_NEEDS.filter((name) => {
    const rules = profile.rules.filter(({ names }) => names.includes(name));
    // The strictest of the rules that hold decides, so one without arguments that refuses is the end of it.
    if (rules.some(({ action, args }) => args.length === 0 && !passes(action))) return true;
    return !passes(profile.default) && !rules.some(({ action }) => passes(action));
  });
}
