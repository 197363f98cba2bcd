import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
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
  readonly memoryGiB: number;
  /** Over the last minute: 0 is an idle machine, the number of processors a full one. */
  readonly load: number;
  readonly cgroup: "v1" | "v2";
  readonly node: string;
  readonly uid: number;
}

export function machine(): Machine {
  const processors = cpus();
  return {
    kernel: release(),
    cpu: processors[0]?.model ?? "unknown",
    cpus: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
    cgroup: existsSync("/sys/fs/cgroup/cgroup.controllers") ? "v2" : "v1",
    node: process.version,
    uid: process.getuid?.() ?? -1,
  };
}
