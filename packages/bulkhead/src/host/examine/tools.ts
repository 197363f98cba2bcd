import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

/** A program that a level or a feature needs, and whether it is here. */
export interface Tool {
  readonly name: string;
  /** What it is for. */
  readonly purpose: string;
  /** Null: not on the PATH. */
  readonly path: string | null;
  /** Its own first line; null where it says none in time. */
  readonly version: string | null;
  readonly remedy: string;
}

const WANTED = [
  { name: "runsc", purpose: "level gvisor", remedy: "`./bulkhead setup gvisor`, or `apt-get install runsc`" },
  {
    name: "qemu-system-x86_64",
    purpose: "level microvm, and tests on other kernels",
    remedy: "`apt-get install qemu-system-x86`",
  },
  {
    name: "firecracker",
    purpose: "level microvm with KVM",
    remedy: "Build it with cargo, or put a release on the PATH.",
  },
  { name: "mkfs.erofs", purpose: "images for level microvm", remedy: "`apt-get install erofs-utils`" },
  { name: "apparmor_parser", purpose: "making AppArmor profiles", remedy: "`apt-get install apparmor`" },
] as const;

/** A program that hangs must not hang the doctor. */
const VERSION_MS = 2000;

/** Looks for every tool on the PATH and asks it for its version. */
export async function findTools(searchPath = process.env["PATH"] ?? ""): Promise<readonly Tool[]> {
  return await Promise.all(
    WANTED.map(async (wanted) => {
      const path = await find(wanted.name, searchPath);
      return { ...wanted, path, version: path === null ? null : await versionOf(path) };
    }),
  );
}

async function find(name: string, searchPath: string): Promise<string | null> {
  for (const directory of searchPath.split(delimiter).filter((each) => each.startsWith("/"))) {
    const path = join(directory, name);
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  return null;
}

async function versionOf(path: string): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)(path, ["--version"], { timeout: VERSION_MS, maxBuffer: 64 * 1024 });
    return stdout.split("\n", 1)[0]?.trim().slice(0, 200) || null;
  } catch {
    return null;
  }
}
