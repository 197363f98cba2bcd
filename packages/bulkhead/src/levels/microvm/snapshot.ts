import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Mount, Plan } from "../../plan/schema.js";
import { memoryBeside } from "./firecracker/received.js";
import { DESCRIPTION, MEMORY, READY, RESTORE_FD, SNAPSHOT } from "./machine.js";
import { monitorOf } from "./monitor-link.js";

const STATES: ReadonlySet<string> = new Set([SNAPSHOT, READY, MEMORY]);
/** The arguments that say where a machine comes from. */
const INCOMING = /^(-incoming|fd:\d+)$/;
/** The plan of a copy: the same jail, whose monitor goes on from a file instead of booting. */
export function restoredPlan(plan: Plan, file: string, id: string): Plan {
  return restoring(plan, { source: file, at: SNAPSHOT }, id);
}

/** The same for a machine in any state: `at` tells in which one the file has it. */
export function restoring(
  plan: Plan,
  { source, at }: { readonly source: string; readonly at: string },
  id: string,
): Plan {
  if (plan.payload.kind !== "program") throw new BulkheadError("SNAPSHOT_INVALID", { detail: "plan" });
  const { argv, descriptors } = plan.payload;
  const kept = plan.mounts.filter((mount) => !STATES.has(mount.at));
  const copy = (from: string, to: string): Mount => {
    return { kind: "bind", source: from, at: to, readOnly: true, exec: false, owner: null };
  };
  // Firecracker is told over its API.
  if (monitorOf(plan) === "firecracker") {
    return { ...plan, id, mounts: [copy(source, at), copy(memoryBeside(source), MEMORY), ...kept] };
  }
  return {
    ...plan,
    id,
    mounts: [copy(source, at), ...kept],
    payload: {
      ...plan.payload,
      argv: [...argv.filter((word) => !INCOMING.test(word)), "-incoming", `fd:${RESTORE_FD}`],
      descriptors: [
        ...descriptors.filter(({ fd }) => fd !== RESTORE_FD),
        { kind: "open", fd: RESTORE_FD, path: at, write: false },
      ],
    },
  };
}

/** Digest of what a snapshot is tied to: kernel, initramfs and images, the monitor and the machine that it was told to be. */
export async function tieOf(plan: Plan): Promise<string> {
  if (plan.payload.kind !== "program") throw new BulkheadError("SNAPSHOT_INVALID", { detail: "plan" });
  const { argv } = plan.payload;
  const hash = createHash("sha256").update(JSON.stringify(argv.filter((word) => !INCOMING.test(word))));
  for (const mount of plan.mounts) {
    if (mount.kind === "file" && mount.at === DESCRIPTION) hash.update(`\0${mount.at}\0${mount.content}`);
    if (mount.kind !== "bind" || STATES.has(mount.at)) continue;
    if (!mount.at.startsWith("/vm/") && !argv.includes(mount.at)) continue;
    hash.update(`\0${mount.at}\0${await digestOf(mount.source)}`);
  }
  return hash.digest("hex");
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  try {
    await pipeline(createReadStream(path), hash);
  } catch (cause) {
    throw new BulkheadError("SNAPSHOT_MISMATCH", { operation: "read", path, cause });
  }
  return hash.digest("hex");
}
