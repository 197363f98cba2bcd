import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { programPaths, whyUnusable } from "../programs.js";

/** A program that a level or feature needs, and whether it is installed. */
export interface HostProgram {
  readonly name: string;
  /** Its purpose. */
  readonly purpose: string;
  /** Path of the program in use; null if it is missing, or if its variable names something unusable. */
  readonly path: string | null;
  /** First line of its `--version`; null if it prints none in time. */
  readonly version: string | null;
  readonly remedy: string;
}

const WANTED = [
  {
    name: "runsc",
    purpose: "level gvisor",
    remedy: "`apt-get install runsc`, or in a checkout `./bulkhead setup gvisor`",
  },
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
  { name: "lz4", purpose: "fetching kernels for level microvm", remedy: "`apt-get install lz4`" },
  { name: "xz", purpose: "fetching kernels for level microvm", remedy: "`apt-get install xz-utils`" },
  { name: "zstd", purpose: "fetching kernels for level microvm", remedy: "`apt-get install zstd`" },
  { name: "apparmor_parser", purpose: "making AppArmor profiles", remedy: "`apt-get install apparmor`" },
] as const;

/** A program that hangs must not hang the doctor. */
const VERSION_MS = 2000;

/** Looks for every tool in the places where its user would, and asks for its version. */
export async function findTools(env: NodeJS.ProcessEnv = process.env): Promise<readonly HostProgram[]> {
  return await Promise.all(
    WANTED.map(async (wanted) => {
      const [path] = programPaths(wanted.name, env);
      if (path === undefined) return { ...wanted, path: null, version: null };
      const why = whyUnusable(wanted.name, path);
      if (why !== undefined) return { ...wanted, path: null, version: null, remedy: `${why}.` };
      return { ...wanted, path, version: await versionOf(path) };
    }),
  );
}

async function versionOf(path: string): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)(path, ["--version"], { timeout: VERSION_MS, maxBuffer: 64 * 1024 });
    return stdout.split("\n", 1)[0]?.trim().slice(0, 200) || null;
  } catch {
    return null;
  }
}
