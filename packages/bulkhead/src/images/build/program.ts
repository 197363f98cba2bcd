import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { BulkheadError } from "../../errors/bulkhead-error.js";

export interface ProgramOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Called with each line of stderr. */
  readonly onLine?: (line: string) => void;
}

/**
 * Runs a host program and yields its stdout, which ends without an error only if the program succeeds. Throws
 * SETUP_MISSING if the program is missing, ABORTED, IMAGE_BUILD_FAILED with its last output.
 */
export async function* outputOf(
  argv: readonly string[],
  { env, signal, onLine }: ProgramOptions,
): AsyncGenerator<Uint8Array> {
  const [program = "", ...rest] = argv;
  const child = spawn(program, rest, { env, stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "close");
  ended.catch(() => undefined);
  const stop = () => child.kill("SIGTERM");
  if (signal?.aborted === true) stop();
  signal?.addEventListener("abort", stop, { once: true });
  let last = "";
  createInterface({ input: child.stderr }).on("line", (line) => {
    last = line.slice(0, 256);
    onLine?.(last);
  });
  try {
    yield* child.stdout as AsyncIterable<Uint8Array>;
    await ended.catch((cause: unknown) => {
      throw new BulkheadError("SETUP_MISSING", { operation: "execute", path: program, cause });
    });
    if (signal?.aborted === true) throw new BulkheadError("ABORTED", { operation: "build image" });
    if (child.exitCode === 0) return;
    const detail = last || `exit code ${child.exitCode ?? child.signalCode}`;
    throw new BulkheadError("IMAGE_BUILD_FAILED", { operation: "execute", path: program, detail });
  } finally {
    signal?.removeEventListener("abort", stop);
    await end(child, ended);
  }
}

/** A reader that stops early wants the program gone, after it has cleaned up its own files. */
async function end(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  child.stdout?.destroy();
  child.kill("SIGTERM");
  await ended.catch(() => undefined);
}
