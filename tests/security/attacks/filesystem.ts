import type { Attack } from "../support/attack.js";

/** Out of the root directory. */
const escapes: readonly Attack[] = [
  { title: "chroot, fchdir back, climb", attempt: ({ secret }) => ["chroot-fchdir", secret, "/tmp"] },
  { title: "chroot twice", attempt: ({ secret }) => ["chroot-double", secret, "/tmp"] },
  {
    title: "climb from an open descriptor",
    requirement: "nothing inherited",
    attempt: ({ secret }) => ["descriptor-walk", secret],
  },
  { title: "climb with .. from a mounted directory", attempt: ({ secret }) => ["climb", secret, "/ro"] },
  { title: "climb with .. from /proc/self/cwd", attempt: ({ secret }) => ["climb", secret, "/proc/self/cwd"] },
  {
    title: "through /proc/1/root and /proc/1/cwd",
    requirement: "init out of reach",
    attempt: ({ secret }) => ["proc-root", secret, "1"],
  },
  { title: "through /proc/PID/root of a host process", attempt: (a) => ["proc-root", a.secret, String(a.victim)] },
  {
    title: "a symbolic link out of a mounted directory",
    requirement: "hostile root file system",
    attempt: ["read", "/ro/to-secret"],
  },
  {
    title: "a symbolic link with .. out of it",
    requirement: "hostile root file system",
    attempt: ["read", "/ro/up-to-secret"],
  },
  { title: "the secret by its host path", attempt: ({ secret }) => ["read", secret] },
  // `..` at the root crosses into whatever is mounted on top of it: a host's root that was not unmounted, for one.
  { title: "the secret above the root", attempt: ({ secret }) => ["read", `/..${secret}`] },
  {
    title: "the secret above the root, with root: host",
    policy: { root: "host" },
    attempt: ({ secret }) => ["read", `/..${secret}`],
  },
  { title: "more than one root in mountinfo", attempt: ["covered-root"] },
  { title: "more than one root in mountinfo, with root: host", policy: { root: "host" }, attempt: ["covered-root"] },
  { title: "a file handle of a mounted file", attempt: ["handle", "/ro/file"] },
  { title: "a made-up handle of the root's inode", attempt: ["open-handle", "/ro"] },
];

/** What the host keeps to itself. */
const secrets: readonly Attack[] = [
  ...[
    "/etc/shadow",
    "/etc/gshadow",
    "/etc/shadow-",
    "/etc/ssh/ssh_host_rsa_key",
    "/etc/sudoers",
    "/etc/machine-id",
    "/etc/fstab",
  ].map((path): Attack => ({ title: `${path} of the host`, policy: { root: "host" }, attempt: ["read", path] })),
  ...[
    "/root",
    "/home",
    "/var/lib/dpkg",
    "/var/lib/private",
    "/var/lib/systemd",
    "/var/log",
    "/var/spool",
    "/boot",
    "/run",
    "/mnt",
    "/srv",
    "/etc/ssl/private",
    "/etc/ssh",
  ].map((path): Attack => ({ title: `${path} of the host`, policy: { root: "host" }, attempt: ["entries", path] })),
  { title: "the secret with root: host", policy: { root: "host" }, attempt: ({ secret }) => ["read", secret] },
];

/** Changing what is mounted read-only. */
const readOnly: readonly Attack[] = [
  { title: "write a read-only file", attempt: ["write", "/ro/file", "changed"] },
  { title: "truncate it", attempt: ["truncate", "/ro/file"] },
  { title: "reopen it for writing through /proc/self/fd", attempt: ["reopen", "/ro/file", "changed"] },
  { title: "create in a read-only directory", attempt: ["create", "/ro/new"] },
  { title: "remove from it", attempt: ["unlink", "/ro/file"] },
  { title: "rename in it", attempt: ["rename", "/ro/file", "/ro/other"] },
  { title: "chmod in it", attempt: ["chmod", "/ro/file", "0o777"] },
  { title: "chown in it", attempt: ["chown", "/ro/file", "1000"] },
  { title: "change times in it", attempt: ["touch", "/ro/file"] },
  { title: "hard link out of it", attempt: ["link", "/ro/file", "/tmp/linked"] },
  { title: "an extended attribute in it", attempt: ["attribute", "/ro/file", "user.canary"] },
  { title: "create in the root directory", attempt: ["create", "/new"] },
  { title: "change a program of the root", attempt: ["write", "/bin/busybox", "changed"] },
  { title: "change a program of the host", policy: { root: "host" }, attempt: ["write", "/usr/bin/env", "changed"] },
  {
    title: "create in the host's /usr",
    policy: { root: "host" },
    attempt: ["create", "/usr/new"],
    planted: () => ["/usr/new"],
  },
  {
    title: "overwrite the running program through /proc/self/exe",
    requirement: "init out of reach",
    attempt: ["write", "/proc/self/exe", "changed"],
  },
  {
    title: "overwrite init's program through /proc/1/exe",
    requirement: "init out of reach",
    attempt: ["write", "/proc/1/exe", "changed"],
  },
  {
    title: "truncate init's program through /proc/1/exe",
    requirement: "init out of reach",
    attempt: ["truncate", "/proc/1/exe"],
  },
];

/** Devices. */
const devices: readonly Attack[] = [
  {
    title: "make a memory device",
    requirement: "nothing left on the host",
    attempt: ["node", "/tmp/mem", "0o20666", "257"],
  },
  {
    title: "make a block device",
    requirement: "nothing left on the host",
    attempt: ["node", "/tmp/disk", "0o60666", "2048"],
  },
  {
    title: "make a device in a writable mount",
    requirement: "nothing left on the host",
    needs: "writable",
    attempt: ["node", "/rw/mem", "0o20666", "257"],
  },
  { title: "make an overlay whiteout (0:0)", attempt: ["node", "/tmp/whiteout", "0o20000", "0"] },
  ...[
    "/dev/mem",
    "/dev/kmsg",
    "/dev/kvm",
    "/dev/sda",
    "/dev/vda",
    "/dev/fuse",
    "/dev/net/tun",
    "/dev/loop-control",
    "/dev/vsock",
    "/dev/port",
    "/dev/nvram",
    "/dev/userfaultfd",
    "/dev/uinput",
    "/dev/mapper/control",
  ].map((path): Attack => ({ title: `open ${path}`, attempt: ["read", path] })),
  { title: "create in /dev", attempt: ["create", "/dev/new"], planted: () => ["/dev/new"] },
  {
    title: "a file in /dev/shm stays inside",
    outcome: ["succeeded", "refused"],
    attempt: ["create", "/dev/shm/bulkhead-canary"],
    planted: () => ["/dev/shm/bulkhead-canary"],
  },
  {
    title: "a file in /tmp stays inside",
    outcome: ["succeeded"],
    attempt: ["create", "/tmp/bulkhead-canary"],
    planted: () => ["/tmp/bulkhead-canary"],
  },
];

export const filesystem: readonly Attack[] = [...escapes, ...secrets, ...readOnly, ...devices];
