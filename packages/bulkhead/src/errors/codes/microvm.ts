import { entries } from "../entry.js";

/** Virtual machines: their monitor (VMM), guest and snapshots. */
export const microvmCodes = entries({
  VMM_UNAVAILABLE: {
    fault: "system",
    cause: "no virtual machine monitor works here",
    remedy:
      "Install QEMU (in a checkout `./bulkhead setup microvm` does), then run `bulkhead doctor --reprobe`, which tries each monitor again and says what failed.",
  },
  VMM_FAILED: {
    fault: "system",
    cause: "the virtual machine monitor refused a request, or ended",
    remedy: "Start again. If it recurs, report it with the output of `bulkhead doctor --json`.",
  },
  VMM_PROTOCOL_VIOLATION: {
    fault: "workload",
    cause: "the virtual machine monitor sent a message that no monitor sends, so Bulkhead killed the machine",
    remedy: "Treat the workload as hostile: it may control the monitor, inside the monitor's jail.",
  },
  GUEST_BOOT_FAILED: {
    fault: "system",
    cause: "the guest did not boot",
    remedy:
      "Read the end of the guest's console in the detail, and run `bulkhead doctor --reprobe` to try each monitor again.",
  },
  MICROVM_UNSUPPORTED: {
    fault: "user",
    cause: "level microvm does not support this setting",
    remedy: "Change the policy as the detail says, or choose another level.",
  },
  SNAPSHOT_UNSUPPORTED: {
    fault: "user",
    cause: "a sandbox of this level, or with a network or a writable host directory, cannot be snapshotted",
    remedy: "Use level microvm, no network, and no writable host directory.",
  },
  SNAPSHOT_INVALID: {
    fault: "user",
    cause: "the path is not a snapshot directory, or the snapshot in it is damaged or modified",
    remedy: "Take the snapshot again with `sandbox.snapshot()`.",
  },
  SNAPSHOT_UNTRUSTED: {
    fault: "user",
    cause: "another user could have written this snapshot",
    remedy:
      "Use a directory that only you can write to and that no other user can rename, and take the snapshot again there.",
  },
  SNAPSHOT_MISMATCH: {
    fault: "user",
    cause: "the snapshot's policy, kernel, monitor, machine or image differs from the one here",
    remedy:
      "Take the snapshot again here: a snapshot resumes only in the same machine it was taken of. The detail names the difference.",
  },
});
