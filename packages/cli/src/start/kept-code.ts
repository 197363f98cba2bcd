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
/** What is in such a directory only its owner can rename or remove. */
const STICKY = 0o1000;
/** Of builds and versions of Node that one user has, each less than 1 MB. */
const MOST_KEPT = 16;

/** What V8 made of a bundle, by the Node that made it: V8 takes only its own. */
export function codeName(bundle: string): string {
  return `${bundle}.${process.version}-${process.arch}.cache`;
}

/**
 * Where this user's own is, beside the rest that Bulkhead keeps for one machine; undefined if there is none that can be trusted. Such a file is
 * a program: whoever could write it, or put another in its place, could do all that this user can.
 */
export function ownDirectory(): string | undefined {
  const { XDG_CACHE_HOME: chosen, HOME: home } = process.env;
  const base = chosen !== undefined && isAbsolute(chosen) ? chosen : home && isAbsolute(home) && join(home, ".cache");
  if (!base) return undefined;
  const directory = join(base, "bulkhead", "code");
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return isOurs(realpathSync(directory)) ? directory : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the file or directory, and all that leads there, is this user's or root's, and nobody else may write to it. */
export function isOurs(path: string): boolean {
  const { uid, mode } = lstatSync(path);
  const others = (mode & STICKY) === 0 ? mode & OTHERS_WRITE : 0;
  if ((uid !== 0 && uid !== process.geteuid?.()) || others !== 0) return false;
  const above = dirname(path);
  return above === path || isOurs(above);
}

/** The code that the build kept, or this user's. */
export function readCode(bundle: string, directories: readonly (string | undefined)[]): Buffer | undefined {
  for (const directory of directories) {
    if (directory === undefined) continue;
    try {
      return readFileSync(join(directory, codeName(bundle)));
    } catch {
      // The next one, or V8 compiles it.
    }
  }
  return undefined;
}

/** Keeps what this process made of it, when it ends: V8 keeps the code of those functions that were really called. */
export function keepCode(script: Script, bundle: string, directory: string): void {
  // With flags that change what V8 makes, it would be kept anew each time.
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

/** The same for modules, which Node itself does from version 22.1 on. */
export function keepModules(bundle: string, directory: string): void {
  if (!("enableCompileCache" in nodeModule) || typeof nodeModule.enableCompileCache !== "function") return;
  nodeModule.enableCompileCache(join(directory, `${bundle}.cache`));
}

function prune(directory: string): void {
  const files = readdirSync(directory).filter((name) => name.includes(".cache"));
  const byAge = files.map((name) => join(directory, name)).map((path) => ({ path, at: statSync(path).mtimeMs }));
  for (const { path } of byAge.sort((one, other) => other.at - one.at).slice(MOST_KEPT))
    rmSync(path, { recursive: true, force: true });
}
