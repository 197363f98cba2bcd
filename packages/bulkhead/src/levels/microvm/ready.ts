import { createHash, randomBytes } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { bootId } from "../../host/boot-id.js";
import type { Plan } from "../../plan/schema.js";
import { cacheDirectory } from "./cache.js";
import { IMAGE_PREFIX, READY } from "./machine.js";
import { restoring } from "./snapshot.js";

/** Boots the machine of a plan, writes it to a file when it waits for its first order, and ends it. */
export type Keep = (plan: Plan, file: string) => Promise<void>;

const MOST_KEPT = 8;
/** Between a plan that names one and the monitor that has it open lies no more than this. */
const IN_USE_MS = 60_000;
const DIRECTORY = "ready";
/** What the disks of a kept machine were: too small to be anything. */
const BLANK_BYTES = 4096;

const making = new Map<string, Promise<void>>();

/**
 * The plan that goes on from a machine that has booted already and waits for its first order (`docs/guest.md`, `ready`); such a one is made now if
 * there is none yet. Nothing of a policy, an image or a workload is in it: its disks were blank, and nobody spoke on its channel.
 * Where none can be made the plan is as it was: its machine boots.
 *
 * `BULKHEAD_MICROVM_START=boot`: each machine boots a kernel of its own.
 */
export async function fromReady(plan: Plan, keep: Keep): Promise<Plan> {
  if (process.env["BULKHEAD_MICROVM_START"] === "boot") return plan;
  const path = join(cacheDirectory(), DIRECTORY, `${keyOf(plan)}.state`);
  if (!existsSync(path)) {
    // Once for this process, however it went: who cannot keep machines boots them.
    const made = making.get(path) ?? make(plan, path, keep).catch(warn);
    making.set(path, made);
    await made;
    if (!existsSync(path)) return plan;
  }
  const now = new Date();
  // Tells which were used last.
  await utimes(path, now, now).catch(() => undefined);
  return restoring(plan, { source: path, at: READY }, plan.id);
}

/** One could not be gone on from: whatever is wrong with it, the next machine boots. */
export async function forget({ mounts }: Plan): Promise<void> {
  for (const mount of mounts) {
    if (mount.kind === "bind" && mount.at === READY) await rm(mount.source, { force: true }).catch(() => undefined);
  }
}

async function make(plan: Plan, path: string, keep: Keep): Promise<void> {
  const directory = dirname(path);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const token = randomBytes(6).toString("hex");
  const blank = `${path}.${token}.blank`;
  const file = `${path}.${token}`;
  try {
    await writeFile(blank, Buffer.alloc(BLANK_BYTES), { flag: "wx", mode: 0o444 });
    await keep({ ...withDisks(plan, blank), id: `ready-${token}`, inner: null }, file);
    // Whole, or not there at all.
    await rename(file, path);
  } finally {
    for (const left of [blank, file]) await rm(left, { force: true });
  }
  await forgetOlder(directory);
}

function withDisks(plan: Plan, source: string): Plan {
  const mounts = plan.mounts.map((mount) =>
    mount.kind === "bind" && mount.at.startsWith(IMAGE_PREFIX) ? { ...mount, source } : mount,
  );
  return { ...plan, mounts };
}

/**
 * Of what the monitor is told and of every file that it opens but the images, which it has not looked at: a file is known by what changes when
 * it does. A machine of another boot of this host would not know of another processor or its microcode.
 */
function keyOf({ payload, mounts }: Plan): string {
  const hash = createHash("sha256").update(bootId());
  if (payload.kind === "program") hash.update(JSON.stringify([payload.path, payload.argv, payload.env]));
  for (const mount of mounts) {
    if (mount.kind !== "bind" || mount.at.startsWith(IMAGE_PREFIX)) continue;
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(mount.source, { bigint: true });
    hash.update(`\0${mount.at} ${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`);
  }
  return hash.digest("hex").slice(0, 40);
}

/** Those of other boots, and what a killed process left, go the same way. A monitor that has one open keeps it. */
async function forgetOlder(directory: string): Promise<void> {
  const paths = (await readdir(directory)).map((name) => join(directory, name));
  const aged = await Promise.all(
    paths.map(async (path) => ({ path, usedMs: (await stat(path).catch(() => undefined))?.mtimeMs ?? 0 })),
  );
  // One that was asked for just now may not be open yet.
  const old = aged
    .sort((one, other) => other.usedMs - one.usedMs)
    .slice(MOST_KEPT)
    .filter(({ usedMs }) => Date.now() - usedMs > IN_USE_MS);
  for (const { path } of old) await rm(path, { force: true });
}

function warn(error: unknown): void {
  const why = error instanceof Error ? error.message : String(error);
  process.emitWarning(`microVMs will boot each time: no machine could be kept (${why})`, { code: "BULKHEAD_NOT_KEPT" });
}
