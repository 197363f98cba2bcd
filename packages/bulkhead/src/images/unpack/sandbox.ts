import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Policy } from "../../policy/schema.js";
import type { Sandbox, SandboxOptions } from "../../sandbox/sandbox.js";
import type { UnpackLimits } from "./limits.js";
import { unpackerPath } from "./program.js";

/** Inside: the unpacker, and the tree that it fills. */
export const UNPACKER = "/bulkhead-unpack";
export const TREE = "/layer";

const MIB = 1024 * 1024;

/**
 * What the unpacker may do: read itself and the built-in root, write below one directory, and use some memory. No
 * network, no other file of the host, one process.
 */
export function unpackPolicy(root: string, limits: UnpackLimits): Policy {
  return {
    root: "base",
    files: [
      { host: unpackerPath(), at: UNPACKER },
      { host: root, at: TREE, mode: "rw" },
    ],
    network: "none",
    resources: {
      memory: 768 * MIB,
      pids: 8,
      cpus: 2,
      // The largest file that can be written. The limits on a layer count all of its files.
      disk: limits.bytes,
      time: limits.timeMs,
    },
    require: ["seccomp", "no-new-privs", "capabilities", "namespace.mount", "network", "rlimits"],
  };
}

/** A sandbox for the unpacker: a `container`, or a `chroot` where the host has no user namespaces. */
export async function createUnpackSandbox(policy: Policy, options: SandboxOptions): Promise<Sandbox> {
  // Imported late: opening an image that is unpacked already must not load what launches sandboxes.
  const { Sandbox } = await import("../../sandbox/sandbox.js");
  try {
    return await Sandbox.create({ ...policy, level: "container" }, options);
  } catch (error) {
    if (!(error instanceof BulkheadError) || error.code !== "LEVEL_UNAVAILABLE") throw error;
    return await Sandbox.create({ ...policy, level: "chroot" }, options);
  }
}
