import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/** Where everything downloaded is kept. Delete it to get newer kernels; without it the next run needs the network. */
export const cacheDirectory = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "bulkhead", "hosts");

/**
 * The directory `name` in the cache, made by `make` (in a scratch directory, then renamed) if it is not there yet.
 * Two runs may need the same one at once, and a run may be killed half-way: only whole directories get their name.
 */
export async function cached(name: string, make: (directory: string) => Promise<void>): Promise<string> {
  const path = join(cacheDirectory, name);
  if (existsSync(path)) return path;
  await mkdir(cacheDirectory, { recursive: true });
  const unlock = await lock(join(cacheDirectory, "lock"));
  try {
    if (existsSync(path)) return path;
    await removeScratch();
    const scratch = await mkdtemp(join(cacheDirectory, "scratch-"));
    await make(scratch);
    await rename(scratch, path);
    return path;
  } finally {
    unlock();
  }
}

/** Whoever holds the lock knows that scratch directories belong to runs that are dead. */
async function removeScratch(): Promise<void> {
  for (const name of await readdir(cacheDirectory))
    if (name.startsWith("scratch-")) await rm(join(cacheDirectory, name), { recursive: true, force: true });
}

/** Node has no flock(2). A child holds it, and ends with our end of its stdin, however we end. */
async function lock(file: string): Promise<() => void> {
  const holder = spawn("flock", [file, "sh", "-c", "echo locked; read -r _"], { stdio: ["pipe", "pipe", "inherit"] });
  holder.stdin.on("error", () => undefined);
  await Promise.race([
    once(holder.stdout, "data"),
    once(holder, "error").then(([error]) => Promise.reject(error)),
    once(holder, "close").then(() => Promise.reject(new Error(`cannot lock ${file}`))),
  ]);
  return () => holder.stdin.end();
}
