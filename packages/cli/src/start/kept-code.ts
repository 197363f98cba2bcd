import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import nodeModule from "node:module";
import { dirname, isAbsolute, join } from "node:path";
import type { Script } from "node:vm";

const OTHERS_WRITE = 0o022;
/** Only its owner can rename or remove an entry of such a directory. */
const STICKY = 0o1000;
/** Builds and Node versions of one user, each less than 1 MB. */
const MOST_KEPT = 16;

/** V8's code cache of a bundle, by Node version: V8 accepts only its own. */
export function codeName(bundle: string): string {
  return `${bundle}.${process.version}-${process.arch}.cache`;
}

/**
 * This user's own directory, beside the rest of Bulkhead's data for one machine; undefined if none can be trusted. The
 * file is a program: a user who could write or replace it would have all rights of this user.
 */
export function ownDirectory(): string | undefined {
  const { XDG_CACHE_HOME: chosen, HOME: home } = process.env;
  const base = chosen !== undefined && isAbsolute(chosen) ? chosen : home && isAbsolute(home) && join(home, ".cache");
  if (!base) return undefined;
  const directory = join(base, "bulkhead", "code");
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    // Without links: another user could replace a link after this check.
    const real = realpathSync(directory);
    return isOurs(real) ? real : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Whether the file or directory and every component of its path belong to this user or root, and no other user may
 * write to them.
 */
export function isOurs(path: string): boolean {
  const { uid, mode } = lstatSync(path);
  const others = (mode & STICKY) === 0 ? mode & OTHERS_WRITE : 0;
  if ((uid !== 0 && uid !== process.geteuid?.()) || others !== 0) return false;
  const above = dirname(path);
  return above === path || isOurs(above);
}

/** The code cache of the build, or this user's. */
export function readCode(bundle: string, directories: readonly (string | undefined)[]): Buffer | undefined {
  for (const directory of directories) {
    if (directory === undefined) continue;
    try {
      return readFileSync(join(directory, codeName(bundle)));
    } catch {
      // Try the next one, or let V8 compile it.
    }
  }
  return undefined;
}

/** Stores this process's code cache when it ends: V8 keeps the code of functions that were called. */
export function keepCode(script: Script, bundle: string, directory: string): void {
  // With flags that change V8's output it would be stored anew each time.
  if (process.execArgv.length > 0 || (process.env["NODE_OPTIONS"] ?? "") !== "") return;
  process.once("exit", () => {
    try {
      const path = join(directory, codeName(bundle));
      writeFileSync(`${path}.${process.pid}`, script.createCachedData(), { flag: "wx", mode: 0o600 });
      renameSync(`${path}.${process.pid}`, path);
      prune(directory);
    } catch {
      // Best effort: the next run compiles it again.
    }
  });
}

/** The same for modules; Node itself does it from version 22.1 on. */
export function keepModules(bundle: string): void {
  if (!("enableCompileCache" in nodeModule) || typeof nodeModule.enableCompileCache !== "function") return;
  const directory = ownDirectory();
  if (directory !== undefined) nodeModule.enableCompileCache(join(directory, `${bundle}.cache`));
}

function prune(directory: string): void {
  const files = readdirSync(directory).filter((name) => name.includes(".cache"));
  const byAge = files.map((name) => join(directory, name)).map((path) => ({ path, at: statSync(path).mtimeMs }));
  for (const { path } of byAge.sort((one, other) => other.at - one.at).slice(MOST_KEPT))
    rmSync(path, { recursive: true, force: true });
}
