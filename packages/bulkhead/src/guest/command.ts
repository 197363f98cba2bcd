import { spawn } from "node:child_process";
import { aborted } from "../errors/aborted.js";
import { BulkheadError } from "../errors/bulkhead-error.js";

/** Options for running a program, besides its arguments. */
export interface CommandOptions {
  readonly cwd?: string;
  readonly input?: Uint8Array;
  /** Kills the program and its children. */
  readonly signal?: AbortSignal | undefined;
  /** Called with each line that it prints. */
  readonly onLine?: (line: string) => void;
}

const WORDS_KEPT = 2_000;

/**
 * Runs a program of the distribution and returns its output. The program inherits only PATH and HOME of our
 * environment.
 *
 * Throws KERNEL_UNAVAILABLE with its last output if it fails or does not exist; ABORTED once it has ended.
 */
export function command(name: string, args: readonly string[], options: CommandOptions = {}): Promise<Buffer> {
  const { PATH = "/usr/sbin:/usr/bin:/sbin:/bin", HOME = "/" } = process.env;
  const env = { PATH, HOME, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" };
  const { signal } = options;
  return new Promise((done, failed) => {
    if (signal?.aborted === true) return failed(aborted(name, signal));
    // A new process group: make leaves compilers behind if only make is killed.
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
    // A program that ends before it has read everything reports the problem by its exit code.
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
