import { spawn } from "node:child_process";
import { MachineError } from "./errors.js";

/**
 * Runs a program to its end and gives its stdout; whatever else happens is a {@link MachineError} with all it printed.
 */
export function command(argv: readonly [string, ...string[]], cwd?: string): Promise<string> {
  const [file, ...rest] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(file, rest, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    const out: Buffer[] = [];
    const both: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk) && both.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => both.push(chunk));
    child.on("error", (error) => reject(new MachineError(`${file}: ${error.message}`, { cause: error })));
    child.on("close", (code, signal) => {
      if (code === 0) resolve(Buffer.concat(out).toString());
      else
        reject(
          new MachineError(`${argv.join(" ")}: ${signal ?? `exit ${code}`}\n${Buffer.concat(both).toString().trim()}`),
        );
    });
  });
}
