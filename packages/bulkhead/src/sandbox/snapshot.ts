import { lstat, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { restoredPlan, tieOf } from "../levels/microvm/snapshot.js";
import type { Compiled } from "../plan/compile.js";
import { parsePlan } from "../plan/schema.js";
import { freshId } from "./fresh-id.js";
import type { Live } from "./live.js";

const STATE = "state";
const FACTS = "snapshot.json";
const VERSION = 1;

interface Facts {
  readonly version: number;
  readonly tie: string;
  readonly compiled: Compiled;
}

/** Writes a snapshot of a sandbox into a new directory. @throws BulkheadError SNAPSHOT_UNSUPPORTED, VMM_FAILED */
export async function takeSnapshot(live: Live, compiled: Compiled, directory: string): Promise<void> {
  if (live.running.snapshot === undefined) {
    throw new BulkheadError("SNAPSHOT_UNSUPPORTED", { operation: `level ${compiled.level}` });
  }
  const path = resolve(directory);
  // It holds the memory of the workload: nobody else's to read.
  await mkdir(path, { mode: 0o700 });
  try {
    const tie = await tieOf(compiled.plan);
    await live.running.snapshot(() => live.channel.checkpoint(), join(path, STATE));
    const facts: Facts = { version: VERSION, tie, compiled };
    await writeFile(join(path, FACTS), JSON.stringify(facts), { mode: 0o600 });
  } catch (error) {
    await rm(path, { recursive: true, force: true });
    throw error;
  }
}

/**
 * What a snapshot says is to be launched, with an id of its own.
 * @throws BulkheadError SNAPSHOT_INVALID, SNAPSHOT_MISMATCH
 */
export async function openSnapshot(directory: string): Promise<Compiled> {
  const path = resolve(directory);
  const facts = await readFacts(path);
  const plan = restoredPlan(parsePlan(facts.compiled.plan), join(path, STATE), freshId());
  if ((await tieOf(plan)) !== facts.tie) throw new BulkheadError("SNAPSHOT_MISMATCH", { operation: "restore", path });
  return { ...facts.compiled, plan };
}

async function readFacts(path: string): Promise<Facts> {
  try {
    const { uid, mode } = await lstat(path);
    const ours = uid === process.getuid?.() && (mode & 0o022) === 0;
    const facts = JSON.parse(await readFile(join(path, FACTS), "utf8")) as Facts;
    if (ours && facts.version === VERSION && facts.compiled.level === "microvm") return facts;
  } catch (cause) {
    throw new BulkheadError("SNAPSHOT_INVALID", { operation: "open snapshot", path, cause });
  }
  throw new BulkheadError("SNAPSHOT_INVALID", { operation: "open snapshot", path });
}
