import { defined } from "../../values/defined.js";
import type { Attempt } from "../attempt.js";

/** With the vulnerability that each is known for. */
const CALLS: readonly (readonly [string, string?])[] = [
  ["bpf", "CVE-2021-3490"],
  ["init_module"],
  ["finit_module"],
  ["delete_module"],
  ["kexec_load"],
  ["io_uring_setup", "CVE-2022-29582"],
  ["io_uring_enter", "CVE-2021-41073"],
  ["userfaultfd"],
  ["perf_event_open", "CVE-2013-2094"],
  ["fanotify_init"],
  ["process_madvise"],
  ["move_pages", "CVE-2017-14140"],
  ["kcmp"],
  ["pidfd_getfd"],
  ["ptrace", "CVE-2019-13272"],
  ["process_vm_readv"],
  ["process_vm_writev"],
  ["modify_ldt", "CVE-2015-5157"],
  ["memfd_secret"],
  ["vmsplice", "CVE-2008-0600"],
  ["io_setup", "CVE-2021-39698"],
  ["reboot"],
  ["settimeofday"],
  ["clock_adjtime"],
  ["sethostname"],
  ["swapon"],
  ["acct"],
  ["quotactl"],
  ["syslog"],
  ["pivot_root"],
  ["mount"],
  ["umount2"],
  ["setns"],
  ["clone3"],
];

const WRITABLE: readonly (readonly [string, string, string?])[] = [
  ["/proc/sys/kernel/core_pattern", "|/tmp/evil"],
  ["/proc/sys/kernel/modprobe", "/tmp/evil"],
  ["/proc/sys/kernel/hostname", "changed"],
  ["/proc/sys/kernel/randomize_va_space", "0"],
  ["/proc/sys/vm/overcommit_memory", "1"],
  ["/proc/sys/net/ipv4/ip_forward", "1"],
  ["/proc/sys/fs/binfmt_misc/register", ":x:M::x::/tmp/evil:"],
  // Not a SysRq command: writing it would have no effect.
  ["/proc/sysrq-trigger", "x"],
  ["/sys/kernel/uevent_helper", "/tmp/evil"],
  ["/sys/fs/cgroup/release_agent", "/tmp/evil", "CVE-2022-0492"],
  ["/sys/fs/cgroup/cgroup.procs", "0"],
];

const SECRET = [
  "kcore",
  "kmsg",
  "kallsyms",
  "keys",
  "key-users",
  "timer_list",
  "interrupts",
  "vmallocinfo",
  "slabinfo",
  "iomem",
  "1/maps",
];

const inClass = { class: "kernel", protection: "seccomp" } as const;

export const kernel: readonly Attempt[] = [
  ...CALLS.map(
    ([name, cve]): Attempt => ({
      ...inClass,
      title: name,
      argv: ["syscall", name],
      ...defined({ cve }),
    }),
  ),
  ...["keyctl", "add_key", "request_key"].map(
    (name): Attempt => ({
      ...inClass,
      protection: "own-session-keyring",
      title: name,
      cve: "CVE-2016-0728",
      argv: ["syscall", name],
    }),
  ),
  { ...inClass, title: "an unknown call", argv: ["syscall-number", "5000"] },
  { ...inClass, title: "int 0x80", mayBeKilled: true, argv: ["abi-int80"] },
  { ...inClass, title: "x32", cve: "CVE-2014-0038", mayBeKilled: true, argv: ["abi-x32"] },
  { ...inClass, title: "no address randomisation", argv: ["personality", "262144"] },
  { ...inClass, title: "map page zero", argv: ["personality", "1048576"] },
  ...["user", "mount", "pid", "net", "ipc", "uts", "cgroup", "time"].map(
    (name): Attempt => ({
      ...inClass,
      title: `make a ${name} namespace`,
      cve: "CVE-2022-0185",
      argv: ["unshare", name],
    }),
  ),
  ...["user", "mount", "net"].map(
    (name): Attempt => ({ ...inClass, title: `clone into a ${name} namespace`, argv: ["clone", name] }),
  ),
  { ...inClass, title: "clone3 into a user namespace", argv: ["clone3", "user"] },
  { ...inClass, title: "join by pidfd", argv: ["setns-pidfd", "1"] },
  ...WRITABLE.map(
    ([path, text, cve]): Attempt => ({
      ...inClass,
      protection: "masked-proc",
      title: `write ${path}`,
      argv: ["write", path, text],
      ...defined({ cve }),
    }),
  ),
  ...SECRET.map(
    (name): Attempt => ({
      ...inClass,
      protection: "masked-proc",
      title: `read /proc/${name}`,
      argv: ["read", `/proc/${name}`],
    }),
  ),
  ...[
    "/sys/kernel/security",
    "/sys/kernel/debug",
    "/sys/firmware",
    "/sys/module",
    "/sys/block",
    "/proc/scsi",
    "/proc/irq",
  ].map((path): Attempt => ({ ...inClass, protection: "masked-proc", title: `list ${path}`, argv: ["entries", path] })),
];
