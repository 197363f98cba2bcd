import type { Attempt } from "../attempt.js";

const inClass = { class: "filesystem", protection: "namespace.mount" } as const;

const DEVICES = [
  "mem",
  "kmsg",
  "kvm",
  "sda",
  "vda",
  "fuse",
  "net/tun",
  "loop-control",
  "vsock",
  "port",
  "nvram",
  "uinput",
] as const;

/** Only the probe, and a writable /tmp: mounts and owners would allow the rest. */
const byLandlock = {
  class: "filesystem",
  protection: "landlock",
  policy: { access: { read: [], list: [], write: ["/tmp"], execute: ["/probe"] } },
} satisfies Partial<Attempt>;

const BY_LANDLOCK: readonly Attempt[] = [
  { ...byLandlock, title: "read what the policy leaves out", argv: ["read", "/ro/file"] },
  { ...byLandlock, title: "list what the policy leaves out", argv: ["entries", "/ro"] },
  { ...byLandlock, title: "write where the policy does not say", argv: ["create", "/dev/shm/new"] },
];

/** Attempts to leave the root, bypass read-only mounts, and reach devices. */
export const filesystem: readonly Attempt[] = [
  { ...inClass, title: "chroot, fchdir back, climb", argv: ({ secret }) => ["chroot-fchdir", secret, "/tmp"] },
  { ...inClass, title: "chroot twice", argv: ({ secret }) => ["chroot-double", secret, "/tmp"] },
  {
    ...inClass,
    title: "climb from an open descriptor",
    protection: "closed-descriptors",
    cve: "CVE-2024-21626",
    argv: ({ secret }) => ["descriptor-walk", secret],
  },
  { ...inClass, title: "climb with .. from a mount", argv: ({ secret }) => ["climb", secret, "/ro"] },
  { ...inClass, title: "through /proc/1/root", argv: ({ secret }) => ["proc-root", secret, "1"] },
  { ...inClass, title: "through /proc of a host process", argv: (a) => ["proc-root", a.secret, String(a.victim)] },
  { ...inClass, title: "a link out of a mount", argv: ["read", "/ro/to-secret"] },
  { ...inClass, title: "a link with .. out of a mount", argv: ["read", "/ro/up-to-secret"] },
  { ...inClass, title: "the secret by its host path", argv: ({ secret }) => ["read", secret] },
  { ...inClass, title: "the secret above the root", argv: ({ secret }) => ["read", `/..${secret}`] },
  { ...inClass, title: "a second mount at /", argv: ["covered-root"] },
  { ...inClass, title: "a file handle", protection: "seccomp", argv: ["handle", "/ro/file"] },
  {
    ...inClass,
    title: "a made-up file handle",
    protection: "seccomp",
    cve: "CVE-2014-3519",
    argv: ["open-handle", "/ro"],
  },
  ...[
    ["write", "/ro/file", "changed"],
    ["truncate", "/ro/file"],
    ["reopen", "/ro/file", "changed"],
    ["create", "/ro/new"],
    ["unlink", "/ro/file"],
    ["rename", "/ro/file", "/ro/other"],
    ["chmod", "/ro/file", "0o777"],
    ["touch", "/ro/file"],
    ["attribute", "/ro/file", "user.canary"],
  ].map((argv): Attempt => ({ ...inClass, title: `${argv[0]} in a read-only mount`, argv })),
  { ...inClass, title: "create in the root", protection: "read-only-root", argv: ["create", "/new"] },
  {
    ...inClass,
    title: "change a program of the root",
    protection: "read-only-root",
    argv: ["write", "/bin/busybox", "x"],
  },
  { ...inClass, title: "change init through /proc/1/exe", cve: "CVE-2019-5736", argv: ["write", "/proc/1/exe", "x"] },
  {
    ...inClass,
    title: "change itself through /proc/self/exe",
    cve: "CVE-2019-5736",
    argv: ["write", "/proc/self/exe", "x"],
  },
  ...DEVICES.map(
    (name): Attempt => ({
      ...inClass,
      title: `open /dev/${name}`,
      protection: "minimal-dev",
      argv: ["read", `/dev/${name}`],
    }),
  ),
  {
    ...inClass,
    title: "make a memory device",
    protection: "capabilities",
    argv: ["node", "/tmp/mem", "0o20666", "257"],
  },
  {
    ...inClass,
    title: "make a block device",
    protection: "capabilities",
    argv: ["node", "/tmp/disk", "0o60666", "2048"],
  },
  ...["tmpfs", "proc", "sysfs", "cgroup2", "overlay"].map(
    (type): Attempt => ({
      ...inClass,
      title: `mount ${type}`,
      protection: "seccomp",
      argv: ["mount-type", type, "/tmp"],
    }),
  ),
  { ...inClass, title: "remount a mount writable", protection: "seccomp", argv: ["remount-writable", "/ro"] },
  { ...inClass, title: "unmount a mask", protection: "seccomp", argv: ["unmount", "/proc/keys"] },
  { ...inClass, title: "copy the mount tree", protection: "seccomp", argv: ["open-tree", "/ro"] },
  { ...inClass, title: "mount_setattr", protection: "seccomp", argv: ["mount-setattr", "/ro"] },
  ...BY_LANDLOCK,
];
