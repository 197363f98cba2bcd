import { once } from "node:events";
import { open } from "node:fs/promises";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { MachineError } from "./errors.js";
import { say } from "./progress.js";
import type { Emulator } from "./qemu.js";

/** guest-init gives a sign of life every 5 s; a loaded machine delays the boot, and later the sign. */
const BOOT_LIMIT_MS = 240_000;
const SILENCE_LIMIT_MS = 120_000;
const RESULT_LIMIT_BYTES = 32 << 20;
const CONSOLE_TAIL_BYTES = 64 << 10;

/** How a command in a guest ended. */
export interface Outcome {
  /** The command's own; 128+n for a signal, 124 after the time limit. */
  readonly exitCode: number;
  /** What it wrote to the file that `BULKHEAD_HOSTS_RESULT` names; empty if nothing. */
  readonly result: Buffer;
  /** From the start of the command to its end. */
  readonly durationMs: number;
}

/** Passes the guest's output on until it says how the command ended, then ends the guest. */
export async function follow(
  emulator: Emulator,
  to: { readonly out: Writable; readonly err: Writable },
  timeoutS: number,
  consoleFile: string,
  abort: AbortSignal,
): Promise<Outcome> {
  const { process, ports } = emulator;
  let exitCode: number | undefined;
  let why: string | undefined;
  let started: number | undefined;
  let ended = 0;
  let sign = Date.now();
  const stop = (): boolean => process.kill("SIGKILL");

  const control = createInterface({ input: ports.control });
  control.on("line", (line) => {
    sign = Date.now();
    if (line === "start") started = sign;
    const exit = /^exit (\d+)$/.exec(line);
    if (exit === null) return;
    exitCode ??= Number(exit[1]);
    ended = sign;
    stop(); // the ports end after what is still in them
  });
  const watch = setInterval(() => {
    const now = Date.now();
    if (started !== undefined && now - started > timeoutS * 1000 && exitCode === undefined) {
      exitCode = 124;
      ended = now;
      say(`timed out after ${timeoutS} s`);
      stop();
    } else if (now - sign > (started === undefined ? BOOT_LIMIT_MS : SILENCE_LIMIT_MS)) {
      why = `the guest hangs: no sign of life for ${Math.round((now - sign) / 1000)} s`;
      stop();
    }
  }, 500);
  abort.addEventListener("abort", stop, { once: true });
  if (abort.aborted) stop();

  const streams = [forward(ports.out, to.out), forward(ports.err, to.err)];
  const result = collect(ports.result);
  try {
    await once(process, "close");
  } catch (error) {
    throw new MachineError(`setpriv or qemu-system-x86_64 did not start: ${String(error)}`, { cause: error });
  } finally {
    clearInterval(watch);
    abort.removeEventListener("abort", stop);
  }
  await Promise.all(streams);
  if (abort.aborted) throw new MachineError(`interrupted: ${String(abort.reason)}`);
  if (exitCode === undefined) throw await failure(why, consoleFile);
  return { exitCode, result: await result, durationMs: ended - (started ?? ended) };
}

/** Like `pipe`, with an end to wait for. What a reader that has gone leaves behind is dropped. */
async function forward(from: Readable, to: Writable): Promise<void> {
  for await (const chunk of from) if (to.writable && !to.write(chunk)) await once(to, "drain").catch(() => undefined);
}

async function collect(from: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of from as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= RESULT_LIMIT_BYTES) chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function failure(why: string | undefined, consoleFile: string): Promise<MachineError> {
  const file = await open(consoleFile);
  const { size } = await file.stat();
  const { buffer, bytesRead } = await file.read({
    buffer: Buffer.alloc(CONSOLE_TAIL_BYTES),
    position: Math.max(0, size - CONSOLE_TAIL_BYTES),
  });
  await file.close();
  const text = buffer.subarray(0, bytesRead).toString();
  const cause = why ?? (text.includes("Kernel panic") ? "the guest's kernel panicked" : "the guest ended early");
  const lines = text.split(/\r?\n/).filter((line) => line !== "" && !/\+0x|R..: |Code: |TASK>/.test(line)); // no stacks
  return new MachineError([`${cause}; its console's last lines:`, ...lines.slice(-20)].join("\n"));
}
