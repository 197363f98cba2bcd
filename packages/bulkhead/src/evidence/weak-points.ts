import type { Level } from "../policy/level.js";

/** What each level does not protect from: part of every enforcement table, so that nobody has to find out the hard way. */
export const WEAK_POINTS = {
  chroot:
    "The kernel is shared, and so are its user ids and host name: any kernel bug that the allowed system calls reach is an escape, and there is no user namespace to soften it.",
  container: "The kernel is shared: a privilege escalation through an allowed system call is an escape.",
  gvisor:
    "The host kernel is still reached through the system calls of the user-space kernel; some programs find calls missing or slow.",
  microvm:
    "A bug in KVM or in the virtual machine monitor is a way out, though only into a jail of container grade. QEMU's emulation, used where there is no KVM, promises no isolation: then that jail is the wall.",
} as const satisfies Record<Level, string>;
