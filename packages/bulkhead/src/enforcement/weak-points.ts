import type { Level } from "../policy/level.js";

/** The attack each level does not stop. Every enforcement table states it. */
export const WEAK_POINTS = {
  chroot:
    "The workload shares the host's kernel, user ids and host name: any kernel bug reachable through an allowed system call is an escape, and no user namespace limits the damage.",
  container:
    "The workload shares the host's kernel: a privilege escalation through an allowed system call is an escape.",
  gvisor:
    "The user-space kernel still reaches the host kernel through its own system calls; some programs find calls missing or slow.",
  microvm:
    "A bug in KVM or in the virtual machine monitor is a way out, though only into a jail as strong as level container. QEMU's emulation, used where there is no KVM, promises no isolation: that jail is then the wall.",
} as const satisfies Record<Level, string>;
