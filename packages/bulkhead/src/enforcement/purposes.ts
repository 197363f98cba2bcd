import type { Protection } from "../policy/protections.js";

/** Purpose of each protection: the attack on the host or on others that it prevents. */
export const PURPOSES = {
  "uid-range": "without it, a workload that escapes has a host user's uid, or that of another sandbox",
  capabilities:
    "without it, root inside could mount, trace, load modules or capture traffic with the kernel's own rights",
  "no-new-privs": "without it, a set-user-id program in the root grants the rights of its owner",
  seccomp: "without it, every system call can reach a kernel bug, and programs need few of the calls",
  landlock: "a second check on file access: it holds even if a mount is wrong, or a bug changes one",
  apparmor: "a third check, by path and kind of access, that the host's administrator can write and audit",
  selinux: "a check by label: the host's SELinux policy for the label holds whatever owners and modes allow",
  "namespace.user":
    "without it, the ids inside are the host's, and a file that leaves the sandbox belongs to a real user",
  "namespace.mount": "without it, the workload can find the host's files",
  "namespace.pid": "without it, the workload can see and signal the host's processes",
  "namespace.ipc": "without it, the workload can read shared memory and queues of other programs",
  "namespace.net": "without it, services on the host's loopback and network trust the workload's connections",
  "namespace.uts": "without it, the workload learns the host's name and, with a capability, can change it",
  "namespace.cgroup": "without it, cgroup paths reveal what else runs on the host and how it is managed",
  "read-only-root": "without it, a run can leave files for the next one, or fill the disk below it",
  "masked-proc": "files in /proc and /sys reveal the host's hardware, load and addresses, and some change its settings",
  "minimal-dev": "every device node exposes a driver; disks and memory are among them",
  network: "untrusted code can send out the data it finds, or attack hosts nearby",
  "cgroup.memory": "without it, one workload can make the kernel kill others for lack of memory",
  "cgroup.pids": "without it, a fork bomb stalls the machine",
  "cgroup.cpu": "without it, one workload can use all processor time",
  "disk-limit": "without it, one workload can fill the disk for all",
  rlimits: "open files and locked memory use kernel memory, and core dumps leak the workload's memory",
  "clean-environment": "the caller's variables hold its tokens and passwords",
  "closed-descriptors": "an open descriptor of the caller bypasses every wall",
  "own-session": "a workload can type into a shared terminal, and kill a shared process group",
  "own-session-keyring": "the caller's keyring holds keys for its file systems and services",
  "kill-on-disconnect": "without it, a sandbox keeps running after its caller is gone",
} as const satisfies Readonly<Record<Protection, string>>;
