import { spawn } from "node:child_process";
import { aborted } from "../errors/aborted.js";
import { BulkheadError } from "../errors/bulkhead-error.js";

/** What a program is started with beyond its arguments. */
export interface CommandOptions {
  readonly cwd?: string;
  readonly input?: Uint8Array;
  /** Kills it, and what it started. */
  readonly signal?: AbortSignal | undefined;
  /** Each line that it prints, as it comes. */
  readonly onLine?: (line: string) => void;
}

const WORDS_KEPT = 2_000;

/**
 * Runs a program of the distribution's and gives what it printed. It gets nothing of our environment but PATH and HOME.
 *
 * Throws KERNEL_UNAVAILABLE with its last words when it fails, or when there is no such program; ABORTED once it has ended.
 */
export function command(name: string, args: readonly string[], options: CommandOptions = {}): Promise<Buffer> {
  const { PATH = "/usr/sbin:/usr/bin:/sbin:/bin", HOME = "/" } = process.env;
  const env = { PATH, HOME, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" };
  const { signal } = options;
  return new Promise((done, failed) => {
    if (signal?.aborted === true) return failed(aborted(name, signal));
    // A process group of its own: make leaves compilers behind when only make is killed.
    const child = spawn(name, args, { env, cwd: options.cwd, stdio: ["pipe", "pipe", "pipe"], detached: true });
    const kill = () => killGroup(child.pid);
    signal?.addEventListener("abort", kill);
    const output: Buffer[] = [];
    let words = "";
    child.stdout.on("data", (chunk: Buffer) => {
      output.push(chunk);
      if (options.onLine !== undefined) for (const line of chunk.toString().split("\n")) options.onLine(line);
    });
    child.stderr.on("data", (chunk: Buffer) => {
      words = (words + chunk.toString()).slice(-WORDS_KEPT);
    });
    child.on("error", (cause) => failed(new BulkheadError("KERNEL_UNAVAILABLE", { operation: name, cause })));
    child.on("close", (code) => {
      signal?.removeEventListener("abort", kill);
      if (signal?.aborted === true) failed(aborted(name, signal));
      else if (code === 0) done(Buffer.concat(output));
      else failed(new BulkheadError("KERNEL_UNAVAILABLE", { operation: name, detail: words.trim() || `exit ${code}` }));
    });
    // A program that ends before it has read everything says by its exit code what was wrong.
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input);
  });
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // It has just ended.
  }
}
