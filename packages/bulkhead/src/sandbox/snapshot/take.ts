import { mkdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { requireOurDirectory } from "../../levels/microvm/snapshot/ours.js";
import type { Level } from "../../policy/level.js";
import type { Live } from "../../session/live.js";
import { FACTS, type Origin, STATE, writeFacts } from "./facts.js";

/** A saved sandbox. */
export interface Snapshot {
  /** Path without symbolic links. */
  readonly directory: string;
  /** `sha256:…` of the whole snapshot. With it, `Sandbox.restore` resumes exactly this snapshot and no other. */
  readonly digest: string;
}

/** A sandbox to save. */
export interface Subject extends Origin {
  readonly live: Live;
  readonly level: Level;
}

/**
 * Writes a snapshot of a sandbox into a new directory.
 * @throws BulkheadError SNAPSHOT_UNSUPPORTED, SNAPSHOT_UNTRUSTED, VMM_FAILED
 */
export async function takeSnapshot({ live, level, policy, vouched }: Subject, directory: string): Promise<Snapshot> {
  const { running, channel } = live;
  if (running.snapshot === undefined) throw new BulkheadError("SNAPSHOT_UNSUPPORTED", { operation: `level ${level}` });
  const wanted = resolve(directory);
  // It contains the workload's memory, so no other user may read it.
  await mkdir(wanted, { mode: 0o700 }).catch((cause: NodeJS.ErrnoException) => {
    const errno = cause.errno === undefined ? {} : { errno: -cause.errno };
    throw new BulkheadError("SNAPSHOT_INVALID", { operation: "make directory", path: wanted, ...errno, cause });
  });
  try {
    // A snapshot that could not be restored from here would be useless.
    const path = await requireOurDirectory(wanted);
    const saved = await running.snapshot(() => channel.checkpoint(), join(path, STATE));
    return { directory: path, digest: await writeFacts(join(path, FACTS), { ...saved, policy, vouched }) };
  } catch (error) {
    await rm(wanted, { recursive: true, force: true });
    throw error;
  }
}
