import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { programPaths, whyUnusable } from "../programs.js";

/** A program that a level or a feature needs, and whether it is here. */
export interface Tool {
  readonly name: string;
  /** What it is for. */
  readonly purpose: string;
  /** The one that is used; null: there is none, or a variable names what is none. */
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

/** Looks for every tool where it is looked for when it is used, and asks it for its version. */
export async function findTools(env: NodeJS.ProcessEnv = process.env): Promise<readonly Tool[]> {
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
