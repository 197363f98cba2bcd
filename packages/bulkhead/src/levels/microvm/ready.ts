import { createHash, randomBytes } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as z from "zod/mini";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { bootId } from "../../host/boot-id.js";
import type { Plan } from "../../plan/schema.js";
import type { SavedFile } from "../driver.js";
import { cacheDirectory } from "./cache.js";
import { IMAGE_PREFIX, READY } from "./machine.js";
import { requireOurDirectory } from "./snapshot/ours.js";
import { restoring } from "./snapshot/restoring.js";
import { openSaved, requireSaved } from "./snapshot/saved-file.js";
import { sha256 } from "./snapshot/tie.js";

/** Boots the machine of a plan, saves it to a file when it waits for its first order, and ends it. */
export type Keep = (plan: Plan, file: string) => Promise<readonly SavedFile[]>;

const MOST_KEPT = 8;
/** More than the time between a plan that names a kept machine and the monitor that opens it. */
const IN_USE_MS = 60_000;
/** A process that creates one has this time limit, or is gone. */
const MAKING_MS = 10 * 60_000;
const DIRECTORY = "ready";
/** Files of one kept machine: `ready/<key>/…`. */
const STATE = "state";
const RECORD = "record.json";
/** Size of a kept machine's blank disks: too small to contain anything. */
const BLANK_BYTES = 4096;
const LARGEST_RECORD = 4096;

/** Expected size and digest of a kept machine, and its stat fingerprint when last verified. */
const recordSchema = z.strictObject({
  sizeBytes: z.int().check(z.minimum(1)),
  sha256,
  /** The state file's fingerprint; older versions read it by this name. */
  mark: z.string().check(z.maxLength(200)),
});

const making = new Map<string, Promise<void>>();

/**
 * The plan that resumes a machine which has already booted and waits for its first order (`docs/guest.md`, `ready`);
 * creates one if there is none yet. It contains nothing of a policy, an image or a workload: its disks were blank, and
 * its channel unused. If none can be created, returns the plan unchanged: its machine boots.
 *
 * `BULKHEAD_MICROVM_START=boot`: each machine boots its own kernel.
 */
export async function fromReady(plan: Plan, keep: Keep): Promise<Plan> {
  if (process.env["BULKHEAD_MICROVM_START"] === "boot") return plan;
  const directory = join(cacheDirectory(), DIRECTORY, keyOf(plan));
  if (!(await isKept(directory))) {
    // Once for this process, whatever the outcome: a process that cannot keep machines boots them.
    const made = making.get(directory) ?? make(plan, directory, keep).catch(warn);
    making.set(directory, made);
    await made;
    if (!existsSync(directory)) return plan;
  }
  const now = new Date();
  // Records which were used last.
  await utimes(directory, now, now).catch(() => undefined);
  return restoring(plan, { source: join(directory, STATE), at: READY });
}

/** Discards a kept machine that failed to resume, so the next launch boots. */
export async function forget({ mounts }: Plan): Promise<void> {
  for (const mount of mounts) {
    if (mount.kind === "bind" && mount.at === READY) await remove(dirname(mount.source)).catch(() => undefined);
  }
}

/** Whether one exists and is unchanged. A changed one is discarded, and may be created again. */
async function isKept(directory: string): Promise<boolean> {
  if (!existsSync(directory)) return false;
  try {
    await requireOurDirectory(directory);
    const state = join(directory, STATE);
    const record = await readRecord(join(directory, RECORD));
    const { handle } = await openSaved(state);
    await handle.close();
    // The kernel changes the fingerprint with the file; reading all of it each time would cost more than the launch.
    if (fingerprintOf(state) !== record.mark) await requireSaved(state, record);
    return true;
  } catch (error) {
    if (!(error instanceof BulkheadError)) throw error;
    await remove(directory);
    making.delete(directory);
    return false;
  }
}

async function remove(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
}

async function readRecord(path: string): Promise<z.infer<typeof recordSchema>> {
  const { handle, sizeBytes } = await openSaved(path);
  try {
    if (sizeBytes > LARGEST_RECORD) throw new RangeError("too large");
    return recordSchema.parse(JSON.parse(await handle.readFile("utf8")));
  } catch (cause) {
    throw new BulkheadError("SNAPSHOT_INVALID", { operation: "read record", path, cause });
  } finally {
    await handle.close();
  }
}

function fingerprintOf(path: string): string {
  const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
  return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}

async function make(plan: Plan, directory: string, keep: Keep): Promise<void> {
  const all = dirname(directory);
  await mkdir(all, { recursive: true, mode: 0o700 });
  await requireOurDirectory(all);
  const token = randomBytes(6).toString("hex");
  const work = `${directory}.${token}`;
  const [blank, state] = [join(work, "blank"), join(work, STATE)];
  try {
    await mkdir(work, { mode: 0o700 });
    await writeFile(blank, Buffer.alloc(BLANK_BYTES), { flag: "wx", mode: 0o444 });
    const [saved] = await keep({ ...withDisks(plan, blank), id: `ready-${token}`, inner: null }, state);
    if (saved === undefined) throw new BulkheadError("VMM_FAILED", { operation: "keep machine" });
    await rm(blank);
    const { sizeBytes, sha256: digest } = saved;
    const record = JSON.stringify({ sizeBytes, sha256: digest, mark: fingerprintOf(state) });
    await writeFile(join(work, RECORD), record, { flag: "wx", mode: 0o600 });
    // Appears atomically; another process may have been faster.
    await rename(work, directory).catch((error: unknown) => {
      if (!existsSync(directory)) throw error;
    });
  } finally {
    await remove(work);
  }
  await forgetOlder(all);
}

function withDisks(plan: Plan, source: string): Plan {
  const mounts = plan.mounts.map((mount) =>
    mount.kind === "bind" && mount.at.startsWith(IMAGE_PREFIX) ? { ...mount, source } : mount,
  );
  return { ...plan, mounts };
}

/**
 * Depends on the monitor's settings and on every file it opens except the images, which it has not read: a file is
 * identified by metadata that changes with it. Machines of another boot are excluded, because the processor or its
 * microcode may differ.
 */
function keyOf({ payload, mounts }: Plan): string {
  const hash = createHash("sha256").update(bootId());
  if (payload.kind === "program") hash.update(JSON.stringify([payload.path, payload.argv, payload.env]));
  for (const mount of mounts) {
    if (mount.kind !== "bind" || mount.at.startsWith(IMAGE_PREFIX)) continue;
    hash.update(`\0${mount.at} ${fingerprintOf(mount.source)}`);
  }
  return hash.digest("hex").slice(0, 40);
}

/**
 * Removes machines of other boots and leftovers of killed processes the same way. A monitor that has one open keeps it.
 */
async function forgetOlder(all: string): Promise<void> {
  const paths = (await readdir(all)).map((name) => join(all, name));
  const aged = await Promise.all(
    paths.map(async (path) => ({ path, usedMs: (await stat(path).catch(() => undefined))?.mtimeMs ?? 0 })),
  );
  const [whole, parts] = [true, false].map((is) => aged.filter(({ path }) => existsSync(join(path, RECORD)) === is));
  // One that was requested just now may not be open yet.
  const old = [...(whole ?? [])]
    .sort((one, other) => other.usedMs - one.usedMs)
    .slice(MOST_KEPT)
    .filter(({ usedMs }) => Date.now() - usedMs > IN_USE_MS);
  const left = (parts ?? []).filter(({ usedMs }) => Date.now() - usedMs > MAKING_MS);
  for (const { path } of [...old, ...left]) await remove(path);
}

function warn(error: unknown): void {
  const why = error instanceof Error ? error.message : String(error);
  process.emitWarning(`microVMs will boot each time: no machine could be kept (${why})`, { code: "BULKHEAD_NOT_KEPT" });
}
