/**
 * The purpose of a group of options, and their values: `y` by default, `n` for options that must be off. `A|B`: one
 * version of Linux calls it A and another B.
 */
interface OptionGroup {
  readonly why: string;
  readonly options: readonly string[];
}

/**
 * Our own kernel, as differences from `allnoconfig`: it contains only the options named here and their dependencies. It
 * has no PCI, no ACPI, no USB, no disk but virtio's, no network device, no modules, no debugger, no BPF and no
 * io_uring.
 */
export const optionGroups: readonly OptionGroup[] = [
  {
    why: "Makes `allnoconfig` mean it: without EXPERT, Linux adds what it holds to be needed everywhere, io_uring among it.",
    options: ["EXPERT"],
  },
  {
    why: "The machine: x86-64, entered by PVH or as a 64-bit Linux, under KVM or emulated, with several processors.",
    options: [
      "64BIT",
      "SMP",
      "NR_CPUS=32",
      "HYPERVISOR_GUEST",
      "PARAVIRT",
      "KVM_GUEST",
      "PVH",
      "X86_MPPARSE",
      "X86_X2APIC",
      "CPU_SUP_INTEL",
      "CPU_SUP_AMD",
      "HIGH_RES_TIMERS",
      "NO_HZ_IDLE",
      "HZ_250",
      "CC_OPTIMIZE_FOR_PERFORMANCE",
      "PREEMPT_NONE",
    ],
  },
  {
    why: "Its devices: virtio by MMIO, announced on the command line, which is what makes ACPI needless; a console for last words.",
    options: [
      "VIRTIO_MENU",
      "VIRTIO_MMIO",
      "VIRTIO_MMIO_CMDLINE_DEVICES",
      "BLOCK",
      "BLK_DEV",
      "VIRTIO_BLK",
      "VIRTIO_CONSOLE",
      "VSOCKETS",
      "VIRTIO_VSOCKETS",
      "TTY",
      "UNIX98_PTYS",
      "SERIAL_8250",
      "SERIAL_8250_CONSOLE",
      "PRINTK",
      "EARLY_PRINTK",
      "DEBUG_BUGVERBOSE",
    ],
  },
  {
    why: "The start: an initramfs without compression, and random numbers from the host's first message and the processor.",
    options: ["BLK_DEV_INITRD", "RANDOM_TRUST_CPU", "DEVTMPFS"],
  },
  {
    why: "What programs take for granted.",
    options: [
      "BASE_FULL|BASE_SMALL=n", // more than 4096 processes
      "BINFMT_ELF",
      "BINFMT_SCRIPT",
      "MULTIUSER",
      "FUTEX",
      "EPOLL",
      "SIGNALFD",
      "TIMERFD",
      "EVENTFD",
      "POSIX_TIMERS",
      "AIO",
      "ADVISE_SYSCALLS",
      "MEMBARRIER",
      "RSEQ",
      "FILE_LOCKING",
      "INOTIFY_USER",
      "SYSVIPC",
      "POSIX_MQUEUE",
      "CROSS_MEMORY_ATTACH",
      "BUG",
      "PROC_FS",
      "PROC_SYSCTL",
      "PROC_PID_CPUSET",
      "PROC_PAGE_MONITOR",
      "VM_EVENT_COUNTERS",
      "SYSFS",
      "SHMEM",
      "TMPFS",
      "TMPFS_XATTR",
      "TMPFS_POSIX_ACL",
      "TRANSPARENT_HUGEPAGE",
      "TRANSPARENT_HUGEPAGE_MADVISE",
      "COMPACTION",
    ],
  },
  {
    why: "Roots and images, and a writable layer on them.",
    options: ["MISC_FILESYSTEMS", "EROFS_FS", "EROFS_FS_XATTR", "EROFS_FS_POSIX_ACL", "OVERLAY_FS"],
  },
  {
    why: "Loopback, in a namespace of its own: what the workload's network is made of (docs/network.md).",
    options: ["NET", "UNIX", "INET", "IPV6", "IPV6_SIT=n", "PACKET", "NET_NS", "SYN_COOKIES"],
  },
  {
    why: "The inner wall: namespaces, control groups, system call filters, Landlock, AppArmor.",
    options: [
      "NAMESPACES",
      "UTS_NS",
      "IPC_NS",
      "PID_NS",
      "USER_NS",
      "TIME_NS",
      "CGROUPS",
      "MEMCG",
      "CGROUP_SCHED",
      "FAIR_GROUP_SCHED",
      "CFS_BANDWIDTH",
      "CGROUP_PIDS",
      "CGROUP_FREEZER",
      "CPUSETS",
      "CGROUP_CPUACCT",
      "SECCOMP",
      "SECCOMP_FILTER",
      "SECURITY",
      "SECURITYFS",
      "SECURITY_NETWORK",
      "SECURITY_PATH",
      "SECURITY_LANDLOCK",
      "SECURITY_YAMA",
      "AUDIT",
      "SECURITY_APPARMOR",
      'LSM="landlock,yama,apparmor"',
      "KEYS",
    ],
  },
  {
    why: "The kernel's own defences. Its own page tables need PAGE_TABLE_ISOLATION only on processors that say they leak.",
    options: [
      "CPU_MITIGATIONS|SPECULATION_MITIGATIONS",
      "PAGE_TABLE_ISOLATION|MITIGATION_PAGE_TABLE_ISOLATION",
      "RETPOLINE|MITIGATION_RETPOLINE",
      "STRICT_KERNEL_RWX",
      "VMAP_STACK",
      "STACKPROTECTOR",
      "STACKPROTECTOR_STRONG",
      "FORTIFY_SOURCE",
      "HARDENED_USERCOPY",
      "INIT_STACK_ALL_ZERO",
      "SLAB_FREELIST_RANDOM",
      "SLAB_FREELIST_HARDENED",
      "SLAB_MERGE_DEFAULT=n",
      "RELOCATABLE",
      "RANDOMIZE_BASE",
      "RANDOMIZE_MEMORY",
      "RANDOMIZE_KSTACK_OFFSET",
      "RANDOMIZE_KSTACK_OFFSET_DEFAULT",
      "X86_UMIP",
      "MTRR",
      "X86_PAT",
      "SECURITY_DMESG_RESTRICT",
      "LEGACY_VSYSCALL_NONE",
      "PANIC_ON_OOPS",
      "UNWINDER_FRAME_POINTER",
    ],
  },
  {
    why: "System calls and binaries that the inner wall refuses, or that only old programs need; core dumps, which RLIMIT_CORE rules out.",
    options: [
      "IO_URING=n",
      "BPF_SYSCALL=n",
      "USERFAULTFD=n",
      "FHANDLE=n",
      "KCMP=n",
      "CHECKPOINT_RESTORE=n",
      "KEXEC=n",
      "KEXEC_FILE=n",
      "COREDUMP=n",
      "ELF_CORE=n",
      "SGETMASK_SYSCALL=n",
      "SYSFS_SYSCALL=n",
      "MODIFY_LDT_SYSCALL=n",
      "X86_16BIT=n", // and with it X86_ESPFIX64, which hides what only a 16-bit stack segment leaks
      "X86_IOPL_IOPERM=n",
      "X86_VSYSCALL_EMULATION=n",
      "X86_X32_ABI=n",
      "IA32_EMULATION=n",
    ],
  },
  {
    why: "Hardware that the machine does not have, ways into the kernel's memory, and what tells where things are there.",
    options: [
      "MODULES=n",
      "FW_LOADER=n",
      "PCI=n",
      "ACPI=n",
      "DMI=n",
      "USB_SUPPORT=n",
      "NETDEVICES=n",
      "VT=n",
      "INPUT=n",
      "LEGACY_PTYS=n",
      "LEGACY_TIOCSTI=n",
      "LDISC_AUTOLOAD=n",
      "DEVMEM=n",
      "DEVPORT=n",
      "PROC_KCORE=n",
      "KALLSYMS=n",
      "DEBUG_FS=n",
      "FTRACE=n",
      "KPROBES=n",
      "KGDB=n",
    ],
  },
];

/**
 * The configuration fragment; each group has its purpose as a heading. Linux ignores names that this version does not
 * know.
 */
export function configFragment(): string {
  return optionGroups.map(({ why, options }) => `# ${why}\n${options.flatMap(lines).join("")}`).join("\n");
}

/**
 * Options that the generated configuration does not have as requested: renamed in this version of Linux, or with unmet
 * dependencies.
 */
export function missingOptions(config: string): readonly string[] {
  const there = new Set(config.split("\n").map((line) => `${line}\n`));
  const named = new Set([...config.matchAll(/^CONFIG_\w+(?==(?!n$))/gm)].map(([name]) => name));
  const isAsWanted = (line: string) => (line.endsWith("=n\n") ? !named.has(line.slice(0, -3)) : there.has(line));
  return optionGroups.flatMap(({ options }) => options).filter((option) => !lines(option).some(isAsWanted));
}

/** The configuration line under each of the option's names. */
function lines(option: string): readonly string[] {
  return option.split("|").map((name) => `CONFIG_${name.includes("=") ? name : `${name}=y`}\n`);
}
