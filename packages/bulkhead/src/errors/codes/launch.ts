import { entries } from "../entry.js";

/** Launches that failed. Nothing was started, and nothing is left behind. */
export const launchCodes = entries({
  PLAN_INVALID: {
    fault: "system",
    cause: "the warden refused the plan",
    remedy:
      "Report this with the output of `bulkhead explain --plan`: the warden should accept every plan the library compiles.",
  },
  ID_TAKEN: { fault: "system", cause: "another live sandbox uses this id", remedy: "Start again; ids are random." },
  ID_UNKNOWN: {
    fault: "system",
    cause: "no live sandbox has this id",
    remedy: "List your sandboxes with `bulkhead ps`: this one has ended, or belongs to another user.",
  },
  USERNS_REFUSED: {
    fault: "system",
    cause: "the kernel refused a user namespace",
    remedy:
      "Allow user namespaces (`sysctl kernel.unprivileged_userns_clone=1`, `kernel.apparmor_restrict_unprivileged_userns=0`, `user.max_user_namespaces`), run the broker as root, or use level chroot as root.",
  },
  NAMESPACE_REFUSED: {
    fault: "system",
    cause: "the kernel refused a namespace",
    remedy: "Check /proc/sys/user/max_*_namespaces, and whether an outer container forbids namespaces.",
  },
  ROOT_UNAVAILABLE: {
    fault: "user",
    cause: "the root directory cannot be opened with the caller's permissions",
    remedy: "Check that the directory exists, that you may read it, and that no part of its path is a symbolic link.",
  },
  MOUNT_SOURCE_UNAVAILABLE: {
    fault: "user",
    cause: "a host path cannot be opened with the caller's permissions",
    remedy: "Check that the path exists and that you have permission to use it.",
  },
  MOUNT_SOURCE_LINK: {
    fault: "user",
    cause: "a component of a host path is a symbolic link",
    remedy:
      "Find out who put the link there: a sandbox that may write to the directory could have. If you trust it, name the path that it leads to.",
  },
  MOUNT_OWNER_ROOT: {
    fault: "user",
    cause:
      "a directory owned by root cannot be mounted writable, because the sandbox would write to disk as root's uid",
    remedy: "Change its owner to an unprivileged user first (`chown 1000:1000 DIRECTORY`), or mount it read-only.",
  },
  MOUNT_OWNER_FOREIGN: {
    fault: "user",
    cause: "only the owner of a host path can mount it writable",
    remedy: "Mount a directory that the caller owns, or mount it read-only.",
  },
  MOUNT_IDMAP_UNSUPPORTED: {
    fault: "system",
    cause: "the file system of this path does not support idmapped mounts",
    remedy:
      "Use a directory on a file system that does (ext4, xfs and FAT, btrfs from Linux 5.15 on, tmpfs from 6.3 on); or run Bulkhead as the directory's owner, without root; or let the workload write to a tmpfs and read the results with `sandbox.files`. If the workload only reads the directory, mount it read-only and readable to all (`chmod -R o+rX`).",
  },
  MOUNT_TARGET_UNAVAILABLE: {
    fault: "user",
    cause: "a mount point is missing in the root, or has the wrong file type",
    remedy: "Create it in the root, or choose another `at`.",
  },
  MOUNT_FAILED: {
    fault: "system",
    cause: "the kernel refused a mount",
    remedy: "Check the operation and the errno; `bulkhead doctor` shows what this kernel can mount.",
  },
  CGROUP_UNAVAILABLE: {
    fault: "system",
    cause: "the broker could not create a cgroup with the plan's limits",
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
    cause: "the kernel refused the change to the AppArmor profile",
    remedy: "Load the named profile first; `aa-status` lists the loaded profiles.",
  },
  SELINUX_FAILED: {
    fault: "system",
    cause: "the kernel refused the change to the SELinux label",
    remedy:
      "Name a label that the host's policy defines (`seinfo -t`), with a type that the policy lets the broker enter without new privileges (`nnp_transition`).",
  },
  LAUNCH_FAILED: {
    fault: "system",
    cause: "the sandbox could not be started",
    remedy: "Check the operation and the errno. If the machine is short of memory or processes, free some.",
  },
  LAUNCH_TIMEOUT: {
    fault: "system",
    cause: "the sandbox was not ready in time, so it was killed",
    remedy: "Check for a host path on a file system that hangs, and for heavy load on the machine.",
  },
  ENFORCEMENT_MISMATCH: {
    fault: "system",
    cause: "the protections in force differ from the plan, so the broker killed the sandbox",
    remedy: "Report this with the output of `bulkhead doctor --json`: it should never happen.",
  },
  GUEST_FAILED: {
    fault: "system",
    cause: "the microVM's guest failed",
    remedy: "Check the operation. `bulkhead kernel ls` shows the kernel in use; `bulkhead kernel use` chooses another.",
  },
});
