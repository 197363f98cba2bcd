import { createWriteStream } from "node:fs";
import type { Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { BulkheadError } from "../../../errors/bulkhead-error.js";
import type { Qmp } from "./qmp.js";

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
