import { entries } from "../entry.js";

/** Virtual machines: their monitor (VMM), their guest, and snapshots of them. */
export const microvmCodes = entries({
  VMM_UNAVAILABLE: {
    fault: "system",
    cause: "no virtual machine monitor works here",
    remedy: "Run `./bulkhead setup microvm`. `bulkhead doctor --reprobe` tries each again and says what failed.",
  },
  VMM_FAILED: {
    fault: "system",
    cause: "the virtual machine monitor refused a request, or ended",
    remedy: "Start again. If it happens again, report it with `bulkhead doctor --json`.",
  },
  VMM_PROTOCOL_VIOLATION: {
    fault: "workload",
    cause: "the virtual machine monitor said what a monitor never says, so the machine was killed",
    remedy: "Treat the workload as hostile: it may have taken over the monitor, inside of its jail.",
  },
  GUEST_BOOT_FAILED: {
    fault: "system",
    cause: "the guest did not come up",
    remedy: "See the end of its console in the detail. `bulkhead doctor --reprobe` tries each monitor again.",
  },
  MICROVM_UNSUPPORTED: {
    fault: "user",
    cause: "a microVM cannot have this",
    remedy: "Change the policy as the detail says, or choose another level.",
  },
  SNAPSHOT_UNSUPPORTED: {
    fault: "user",
    cause: "a sandbox of this level, or with a network or a writable host directory, cannot be snapshotted",
    remedy: "Use level microvm, no network, and no writable host directory.",
  },
  SNAPSHOT_INVALID: {
    fault: "user",
    cause: "this is no snapshot, or a damaged or changed one",
    remedy: "Make it again with `sandbox.snapshot()`.",
  },
  SNAPSHOT_UNTRUSTED: {
    fault: "user",
    cause: "somebody else could have written this snapshot",
    remedy: "Keep it in a directory that only you can write to, and that nobody else can rename; then make it again.",
  },
  SNAPSHOT_MISMATCH: {
    fault: "user",
    cause: "the snapshot was made with another policy, kernel, monitor, machine or image than there is here",
    remedy:
      "Make it again here: a snapshot only goes on in the very machine that it was taken of. The detail names what differs.",
  },
});
