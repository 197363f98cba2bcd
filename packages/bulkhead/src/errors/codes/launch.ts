import { entries } from "../entry.js";

/** A sandbox could not be made. Nothing was started, and nothing is left. */
export const launchCodes = entries({
  PLAN_INVALID: {
    fault: "system",
    cause: "the warden refused the plan",
    remedy: "A plan made by this library should never be refused: report it together with `bulkhead explain --plan`.",
  },
  ID_TAKEN: { fault: "system", cause: "a live sandbox has this id", remedy: "Start again; ids are made at random." },
  ID_UNKNOWN: {
    fault: "system",
    cause: "no live sandbox has this id",
    remedy: "It has ended, or is another user's: `bulkhead ps` lists yours.",
  },
  USERNS_REFUSED: {
    fault: "system",
    cause: "the kernel refused a user namespace",
    remedy:
      "Allow them (`sysctl kernel.unprivileged_userns_clone=1`, `kernel.apparmor_restrict_unprivileged_userns=0`, `user.max_user_namespaces`), run the broker as root, or use level chroot as root.",
  },
  NAMESPACE_REFUSED: {
    fault: "system",
    cause: "the kernel refused a namespace",
    remedy: "Look at /proc/sys/user/max_*_namespaces, and whether an outer container forbids them.",
  },
  ROOT_UNAVAILABLE: {
    fault: "user",
    cause: "the root directory cannot be opened with the caller's permissions",
    remedy: "Check that it exists, that you may read it, and that no part of its path is a symbolic link.",
  },
  MOUNT_SOURCE_UNAVAILABLE: {
    fault: "user",
    cause: "a host path cannot be opened with the caller's permissions",
    remedy: "Check that it exists and that you may use it.",
  },
  MOUNT_SOURCE_LINK: {
    fault: "user",
    cause: "a part of a host path is a symbolic link",
    remedy: "Start again: it was replaced between looking and mounting. If nobody meant to, find out who did.",
  },
  MOUNT_OWNER_ROOT: {
    fault: "user",
    cause:
      "a directory owned by root cannot be mounted writable, since the sandbox would then write as root's uid on disk",
    remedy: "Give it to an unprivileged user first (`chown 1000:1000 DIRECTORY`), or mount it read-only.",
  },
  MOUNT_OWNER_FOREIGN: {
    fault: "user",
    cause: "a host path can only be mounted writable by its owner",
    remedy: "Mount a directory that the caller owns, or mount it read-only.",
  },
  MOUNT_IDMAP_UNSUPPORTED: {
    fault: "system",
    cause: "the file system of this path cannot be mounted with ids mapped",
    remedy:
      "Use a directory on a file system that can (ext4, xfs and FAT, btrfs from Linux 5.15 on, tmpfs from 6.3 on); or run Bulkhead as its owner, without root; or let the workload write to a tmpfs and read the results with `sandbox.files`. What is only read can be mounted read-only, open to all (`chmod -R o+rX`).",
  },
  MOUNT_TARGET_UNAVAILABLE: {
    fault: "user",
    cause: "a mount point is missing in the root, or is not of the kind needed",
    remedy: "Create it in the root, or choose another `at`.",
  },
  MOUNT_FAILED: {
    fault: "system",
    cause: "the kernel refused a mount",
    remedy: "See the operation and the errno; `bulkhead doctor` shows what this kernel can mount.",
  },
  CGROUP_UNAVAILABLE: {
    fault: "system",
    cause: "a cgroup with the limits of the plan could not be made",
    remedy: "Run as root, or delegate a cgroup (`systemd-run --user --scope -p Delegate=yes …`).",
  },
  SECCOMP_FAILED: {
    fault: "system",
    cause: "the seccomp filter could not be installed",
    remedy: "Use a kernel with CONFIG_SECCOMP_FILTER.",
  },
  LANDLOCK_FAILED: {
    fault: "system",
    cause: "Landlock could not be applied",
    remedy: "Use a kernel with `landlock` in CONFIG_LSM or in its lsm= parameter.",
  },
  APPARMOR_FAILED: {
    fault: "system",
    cause: "the AppArmor profile could not be entered",
    remedy: "Load the profile named first; `aa-status` lists those that are loaded.",
  },
  SELINUX_FAILED: {
    fault: "system",
    cause: "the SELinux label could not be taken",
    remedy:
      "Name a label that the host's policy knows (`seinfo -t`), with a type that it lets the broker run without new privileges (`nnp_transition`).",
  },
  LAUNCH_FAILED: {
    fault: "system",
    cause: "the sandbox could not be started",
    remedy: "See the operation and the errno. If the machine is short of memory or processes, free some.",
  },
  LAUNCH_TIMEOUT: {
    fault: "system",
    cause: "the sandbox was not ready in time, so it was killed",
    remedy: "Look for a host path on a file system that hangs, or a machine under too heavy load.",
  },
  ENFORCEMENT_MISMATCH: {
    fault: "system",
    cause: "what was in force differs from the plan, so the sandbox was killed",
    remedy: "This should never happen: report it together with `bulkhead doctor --json`.",
  },
  GUEST_FAILED: {
    fault: "system",
    cause: "the guest of a microVM failed",
    remedy:
      "See the operation. `bulkhead kernel ls` shows which kernel is used; `bulkhead kernel use` chooses another.",
  },
});
