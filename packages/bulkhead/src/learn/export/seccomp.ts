import { STARTING_NEEDS } from "../../syscalls/needs.js";
import type { Learned, SyscallLearned } from "../learned.js";

const EPERM = 1;
const ENOSYS = 38;

/**
 * Calls that may not be observed but are still needed: those that the kernel itself starts on a signal or after a stop;
 * those of the vDSO when its clock source cannot be read from user space, which depends on the machine; and those that
 * a C library makes in some runs, depending on memory, threads and signals. None of these reaches anything that the
 * program did not have.
 */
const ALWAYS = [
  ...["clock_getres", "clock_gettime", "exit", "exit_group", "getcpu", "gettimeofday", "restart_syscall", "time"],
  ...["rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack"],
  ...["brk", "madvise", "mmap", "mprotect", "mremap", "munmap"],
  ...["futex", "getpid", "gettid", "sched_yield", "set_robust_list", "set_tid_address", "rseq"],
  ...["close", "read", "write"],
] as const;

/**
 * Refused as if the kernel were older, as always: the C library then falls back to a call whose arguments a filter can
 * check.
 */
const ABSENT = ["clone3"];

/** For `clone` and `unshare`: the recorded bits, which are those of namespaces. */
const NAMESPACES = 0x7e020000;
/** For `socket`: all but SOCK_CLOEXEC and SOCK_NONBLOCK. */
const SOCKET_TYPE = 0xfff7f7ff;

interface Argument {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  readonly op: "SCMP_CMP_EQ" | "SCMP_CMP_MASKED_EQ";
}

interface Rule {
  readonly names: readonly string[];
  readonly action: "SCMP_ACT_ALLOW" | "SCMP_ACT_ERRNO";
  readonly errnoRet?: number;
  readonly args?: readonly Argument[];
  readonly comment?: string;
}

/** An OCI seccomp profile: Docker, Podman, containerd and Bulkhead's `syscalls: { profile }` take it. */
export interface LearnedSeccomp {
  readonly defaultAction: "SCMP_ACT_ERRNO";
  readonly defaultErrnoRet: number;
  readonly archMap: readonly { readonly architecture: string; readonly subArchitectures: readonly string[] }[];
  readonly syscalls: readonly Rule[];
}

/** Allows the observed calls and those that start the program, and nothing else. */
export function learnedSeccomp(learned: Learned): LearnedSeccomp {
  const entries = Object.entries<SyscallLearned>(learned.syscalls)
    .filter(([name]) => !STARTING_NEEDS.some((needed) => needed === name))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const plain = entries.filter(([, { values }]) => Object.keys(values).length === 0).map(([name]) => name);
  return {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: EPERM,
    archMap: [
      { architecture: process.arch === "arm64" ? "SCMP_ARCH_AARCH64" : "SCMP_ARCH_X86_64", subArchitectures: [] },
    ],
    syscalls: [
      { names: [...new Set([...plain, ...ALWAYS])].sort(), action: "SCMP_ACT_ALLOW" },
      {
        names: [...STARTING_NEEDS].sort(),
        action: "SCMP_ACT_ALLOW",
        comment: "starting a program in the sandbox takes these",
      },
      ...entries.flatMap(([name, syscall]) => conditional(name, syscall)),
      { names: ABSENT, action: "SCMP_ACT_ERRNO", errnoRet: ENOSYS, comment: "the C library falls back to clone" },
    ],
  };
}

/** How many system calls it allows, whatever their arguments. */
export function allowedSyscalls({ syscalls }: LearnedSeccomp): number {
  const allowed = syscalls.filter(({ action }) => action === "SCMP_ACT_ALLOW").flatMap(({ names }) => names);
  return new Set(allowed).size;
}

/** One rule for each combination of values, because all conditions of a rule must hold at once. */
function conditional(name: string, { values }: SyscallLearned): Rule[] {
  const combinations = Object.entries(values).reduce<Argument[][]>(
    (rules, [argument, seen]) =>
      rules.flatMap((rule) => seen.map((value) => [...rule, compare(name, Number(argument), value)])),
    [[]],
  );
  return combinations.flatMap((args) =>
    args.length === 0 ? [] : [{ names: [name], action: "SCMP_ACT_ALLOW" as const, args }],
  );
}

function compare(name: string, index: number, value: number): Argument {
  const mask =
    name === "clone" || name === "unshare"
      ? NAMESPACES
      : name.startsWith("socket") && index === 1
        ? SOCKET_TYPE
        : 0xffffffff;
  return { index, value: mask, valueTwo: value, op: "SCMP_CMP_MASKED_EQ" };
}
