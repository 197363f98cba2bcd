import { execFile } from "node:child_process";
import { cpus, release } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const root = fileURLToPath(new URL("..", import.meta.url));
export const baseImage = `${root}packages/bulkhead/assets/base`;
/** The same program as inside: static, so that no subject pays for a dynamic linker that another does not. */
export const busybox = `${baseImage}/bin/busybox`;

const execute = promisify(execFile);

/** The first line of `COMMAND --version`; nothing if the command is missing. */
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
