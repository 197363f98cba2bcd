import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cpus, release } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const root = fileURLToPath(new URL("..", import.meta.url));
export const baseImage = `${root}packages/bulkhead/assets/base`;
/** The very program that runs inside: static, so that no subject pays for a dynamic linker that another does not. */
export const busybox = `${baseImage}/bin/busybox`;
export const cli = `${root}packages/cli/dist/bulkhead.cjs`;

const execute = promisify(execFile);

/** The first line of `COMMAND --version`; nothing when the command is not there. */
export async function versionOf(command: string): Promise<string | undefined> {
  try {
    return (await execute(command, ["--version"])).stdout.split("\n")[0];
  } catch {
    return undefined;
  }
}

export interface Machine {
  readonly kernel: string;
  readonly cpu: string;
  readonly cpus: number;
  readonly node: string;
  readonly uid: number;
}

export function machine(): Machine {
  const processors = cpus();
  return {
    kernel: release(),
    cpu: processors[0]?.model ?? "unknown",
    cpus: processors.length,
    node: process.version,
    uid: process.getuid?.() ?? -1,
  };
}

/** Ends with the remedy when this checkout was not set up. */
export function requireSetUp(): void {
  const lacking = [busybox, cli].find((path) => !existsSync(path));
  if (lacking === undefined) return;
  process.stderr.write(`${lacking} is missing: run './bulkhead setup bench' first\n`);
  process.exit(125);
}
