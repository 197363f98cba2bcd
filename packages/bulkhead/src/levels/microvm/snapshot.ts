import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import type { Socket } from "node:net";
import { pipeline } from "node:stream/promises";
import { setImmediate } from "node:timers/promises";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Plan } from "../../plan/schema.js";
import { READY, RESTORE_FD, SNAPSHOT } from "./machine.js";
import type { Qmp } from "./qemu/qmp.js";

const STATES: ReadonlySet<string> = new Set([SNAPSHOT, READY]);
/** The arguments that say where a machine comes from. */
const INCOMING = /^(-incoming|fd:\d+)$/;
const SAVE_MS = 120_000;
/** Turns of the event loop with nothing to read, after QEMU said that everything is written: then everything was read. */
const QUIET_TURNS = 3;

/**
 * Writes memory and devices of a stopped machine to a new file. What comes is hostile bytes, and only ever read by a QEMU in a jail;
 * `most` bounds them.
 */
export async function saveState(monitor: Qmp, state: Socket, path: string, most: number): Promise<void> {
  const file = createWriteStream(path, { flags: "wx", mode: 0o444 });
  let bytes = 0;
  let turns = 0;
  let failed: BulkheadError | undefined;
  const take = (chunk: Buffer) => {
    bytes += chunk.length;
    turns = 0;
    if (bytes > most)
      failed ??= new BulkheadError("VMM_PROTOCOL_VIOLATION", { operation: "snapshot", detail: "bytes" });
    else if (!file.write(chunk)) {
      state.pause();
      file.once("drain", () => state.resume());
    }
  };
  file.on("error", (cause) => {
    failed ??= new BulkheadError("VMM_FAILED", { operation: "write snapshot", path, cause });
  });
  state.on("data", take);
  try {
    await saved(monitor);
    for (; turns < QUIET_TURNS || file.writableNeedDrain; turns += 1) await setImmediate();
    if (failed !== undefined) throw failed;
  } finally {
    state.off("data", take);
    await new Promise<void>((resolve) => file.end(() => resolve()));
  }
}

async function saved(monitor: Qmp): Promise<void> {
  let stop: () => void = () => undefined;
  const done = new Promise<void>((resolve, reject) => {
    const fail = (detail: string) => reject(new BulkheadError("VMM_FAILED", { operation: "snapshot", detail }));
    const timer = setTimeout(() => fail(`not written in ${SAVE_MS} ms`), SAVE_MS);
    const off = monitor.on("MIGRATION", ({ status }) => {
      if (status === "completed") resolve();
      if (status === "failed" || status === "cancelled") fail(String(status));
    });
    stop = () => {
      clearTimeout(timer);
      off();
    };
  });
  done.catch(() => undefined);
  try {
    const capabilities = [{ capability: "events", state: true }];
    await monitor.execute("migrate-set-capabilities", { capabilities });
    await monitor.execute("migrate-set-parameters", { "max-bandwidth": 2 ** 40 });
    // The relay adds the descriptor to exactly this command.
    await monitor.execute("getfd", { fdname: "state" });
    await monitor.execute("migrate", { uri: "fd:state" });
    await done;
  } finally {
    stop();
  }
}

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
  const mounts = plan.mounts.filter((mount) => !STATES.has(mount.at));
  return {
    ...plan,
    id,
    mounts: [{ kind: "bind", source, at, readOnly: true, exec: false, owner: null }, ...mounts],
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

export function isRestored({ mounts }: Plan): boolean {
  return mounts.some(({ at }) => at === SNAPSHOT);
}

/** Digest of what a snapshot is tied to: kernel, initramfs and images, the monitor and the machine that it was told to be. */
export async function tieOf(plan: Plan): Promise<string> {
  if (plan.payload.kind !== "program") throw new BulkheadError("SNAPSHOT_INVALID", { detail: "plan" });
  const { argv } = plan.payload;
  const hash = createHash("sha256").update(JSON.stringify(argv.filter((word) => !INCOMING.test(word))));
  for (const mount of plan.mounts) {
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
