/** Options of the kernel that are wanted together, and what for. Everything that is not named stays as `make tinyconfig` has it: off. */
export interface ConfigGroup {
  readonly why: string;
  readonly on: readonly string[];
  /** On by default, and not wanted. */
  readonly off?: readonly string[];
}

/**
 * A guest's kernel: what a virtual machine of ours has, what a sandbox in it is made of, and what programs commonly ask for. All
 * built in; there are no modules, no ACPI, no PCI, no BPF, no 32-bit programs, no io_uring.
 */
export const kernelConfig: readonly ConfigGroup[] = [
  { why: "64 bit, several processors, entered as an ELF file by PVH", on: ["64BIT", "SMP", "HYPERVISOR_GUEST", "PVH"] },
  { why: "clocks and spin locks that know of the host", on: ["PARAVIRT", "KVM_GUEST", "PARAVIRT_SPINLOCKS"] },
  {
    why: "processors are found by the table that both monitors make, since there is no ACPI",
    on: ["X86_MPPARSE"],
    off: ["ACPI"],
  },
  { why: "timers that do not tick when nothing happens", on: ["HIGH_RES_TIMERS", "NO_HZ_IDLE", "X86_X2APIC"] },
  { why: "devices, told of on the command line", on: ["VIRTIO_MENU", "VIRTIO_MMIO", "VIRTIO_MMIO_CMDLINE_DEVICES"] },
  { why: "disks: images, and nothing that could be written to", on: ["BLOCK", "BLK_DEV", "VIRTIO_BLK"] },
  {
    why: "channel and control: a port of QEMU's, or a socket of Firecracker's",
    on: ["TTY", "VIRTIO_CONSOLE", "VSOCKETS", "VIRTIO_VSOCKETS"],
  },
  { why: "a console that says why a boot failed", on: ["PRINTK", "SERIAL_8250", "SERIAL_8250_CONSOLE"] },
  { why: "the initramfs, uncompressed", on: ["BLK_DEV_INITRD"] },
  {
    why: "programs: ELF and scripts",
    on: ["BINFMT_ELF", "BINFMT_SCRIPT"],
    off: ["IA32_EMULATION", "X86_X32_ABI", "MODIFY_LDT_SYSCALL"],
  },
  {
    why: "images, and a writable layer above the root",
    on: ["MISC_FILESYSTEMS", "EROFS_FS", "EROFS_FS_XATTR", "OVERLAY_FS"],
  },
  {
    why: "file systems of the kernel's own",
    on: [
      "PROC_FS",
      "PROC_SYSCTL",
      "SYSFS",
      "DEVTMPFS",
      "TMPFS",
      "TMPFS_XATTR",
      "TMPFS_POSIX_ACL",
      "SHMEM",
      "UNIX98_PTYS",
    ],
  },
  {
    why: "what a sandbox is made of: namespaces",
    on: ["NAMESPACES", "UTS_NS", "IPC_NS", "USER_NS", "PID_NS", "NET_NS", "TIME_NS"],
  },
  {
    why: "… control groups",
    on: ["CGROUPS", "MEMCG", "CGROUP_PIDS", "CGROUP_SCHED", "FAIR_GROUP_SCHED", "CFS_BANDWIDTH", "CGROUP_FREEZER"],
  },
  {
    why: "… filters and security modules; the keyring, to join a new one",
    on: ["SECCOMP", "SECCOMP_FILTER", "KEYS", "SECURITY", "SECURITYFS", "SECURITY_NETWORK", "SECURITY_PATH"],
  },
  { why: "…", on: ["SECURITY_LANDLOCK", "SECURITY_YAMA", "AUDIT", "SECURITY_APPARMOR"] },
  { why: "loopback, and sockets between programs", on: ["NET", "UNIX", "INET", "IPV6"] },
  {
    why: "system calls that programs cannot do without",
    on: [
      "FUTEX",
      "EPOLL",
      "SIGNALFD",
      "TIMERFD",
      "EVENTFD",
      "POSIX_TIMERS",
      "MULTIUSER",
      "FILE_LOCKING",
      "INOTIFY_USER",
    ],
    off: ["IO_URING", "USERFAULTFD", "AIO"],
  },
  { why: "…", on: ["ADVISE_SYSCALLS", "MEMBARRIER", "RSEQ", "SYSVIPC", "POSIX_MQUEUE", "FHANDLE"] },
  {
    why: "the kernel's own defences, as far as they cost next to nothing",
    on: [
      "VMAP_STACK",
      "STACKPROTECTOR",
      "STACKPROTECTOR_STRONG",
      "SLUB",
      "HARDENED_USERCOPY",
      "SLAB_FREELIST_RANDOM",
      "SLAB_FREELIST_HARDENED",
      "BUG",
    ],
  },
  { why: "fast rather than small", on: ["CC_OPTIMIZE_FOR_PERFORMANCE"] },
  { why: "no fixed address that code could be called at", on: ["LEGACY_VSYSCALL_NONE"] },
  {
    why: "what would only widen the way in",
    on: [],
    off: ["MODULES", "BPF_SYSCALL", "KEXEC", "PCI", "HIBERNATION", "SUSPEND", "COREDUMP", "DEVMEM"],
  },
];

/** What the kernel's `make olddefconfig` completes, as the text that its `.config` begins with. */
export function configText(groups: readonly ConfigGroup[] = kernelConfig): string {
  return groups
    .flatMap(({ why, on, off = [] }) => [
      `# ${why}`,
      ...on.map((name) => `CONFIG_${name}=y`),
      ...off.map((name) => `# CONFIG_${name} is not set`),
    ])
    .join("\n")
    .concat("\n");
}

/** Options that a finished `.config` does not have as they are wanted: a kernel that knows them by other names. */
export function unmet(finished: string, groups: readonly ConfigGroup[] = kernelConfig): readonly string[] {
  const lines = new Set(finished.split("\n"));
  return groups.flatMap(({ on, off = [] }) => [
    ...on.filter((name) => !lines.has(`CONFIG_${name}=y`)),
    // What depends on something that is off is in no line at all.
    ...off.filter((name) => [...lines].some((line) => line.startsWith(`CONFIG_${name}=`))),
  ]);
}
