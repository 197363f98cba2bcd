import type { Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { BulkheadError } from "../../../errors/bulkhead-error.js";
import type { SavedFile } from "../../driver.js";
import { SavingFile } from "../snapshot/save.js";
import type { Qmp } from "./qmp.js";

const SAVE_MS = 120_000;
/**
 * Turns of the event loop with nothing to read, after QEMU has reported that everything is written: everything has then
 * been read.
 */
const QUIET_TURNS = 3;

/**
 * Writes memory and devices of a stopped machine to a new file. The bytes are hostile, and only a QEMU in a jail ever
 * parses them; `most` bounds them.
 */
export async function saveState(monitor: Qmp, state: Socket, path: string, most: number): Promise<SavedFile> {
  const file = new SavingFile(path);
  let turns = 0;
  let failed: unknown;
  const take = (chunk: Buffer) => {
    turns = 0;
    if (failed !== undefined) return;
    try {
      if (file.bytes + chunk.length > most) throw tooMuch();
      file.write(chunk);
    } catch (error) {
      failed = error;
    }
    if (!file.full) return;
    state.pause();
    // The next write, or the end, reports a failure.
    const resume = () => state.resume();
    file.drained().then(resume, resume);
  };
  state.on("data", take);
  try {
    await saved(monitor);
    for (; turns < QUIET_TURNS || (file.full && failed === undefined); turns += 1) await setImmediate();
    if (failed !== undefined) throw failed;
    return await file.finish();
  } finally {
    state.off("data", take);
    await file.close();
  }
}

function tooMuch(): BulkheadError {
  return new BulkheadError("VMM_PROTOCOL_VIOLATION", { operation: "snapshot", detail: "bytes" });
}

async function saved(monitor: Qmp): Promise<void> {
  let stop: (() => void) | undefined;
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
    stop?.();
  }
}
