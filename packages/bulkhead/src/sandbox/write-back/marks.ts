import { type BigIntStats, closeSync, constants, fstatSync, lstatSync, openSync, readdirSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { isOwnName } from "../../session/host-files/names.js";
import { BOUNDS } from "./bounds.js";

/** Identifies a state of a host file: the kernel updates it with every change (ctime), whoever makes it. */
export type Mark = string;

export function markOf({ dev, ino, mode, size, mtimeNs, ctimeNs }: BigIntStats): Mark {
  return `${dev} ${ino} ${mode} ${size} ${mtimeNs} ${ctimeNs}`;
}

/** A host directory as it was when it was copied. */
export interface HostTree {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly uid: bigint;
  /** Marks of its files and links, by relative path. */
  readonly marks: Map<string, Mark>;
}

/** Records the state of a host directory. @throws BulkheadError FILES_INVALID, MICROVM_UNSUPPORTED */
export async function markTree(path: string): Promise<HostTree> {
  const marks = new Map<string, Mark>();
  const fd = openTop(path);
  try {
    const { dev, ino, uid } = fstatSync(fd, { bigint: true });
    let seen = 0;
    // Synchronous per directory, because a thread-pool call for each file would take ten times as long; other work gets
    // its turn between directories.
    const walk = async (below: string): Promise<void> => {
      const directories: string[] = [];
      for (const name of namesIn(`${path}${below}`)) {
        seen += 1;
        if (seen > BOUNDS.entries) {
          const detail = `${path}: more than ${BOUNDS.entries} files cannot be written back: mount it read-only`;
          throw new BulkheadError("MICROVM_UNSUPPORTED", { operation: "look at directory", path, detail });
        }
        const relative = `${below}/${name}`;
        const stat = lstatSync(`${path}${relative}`, { bigint: true, throwIfNoEntry: false });
        if (stat === undefined || (below === "" && isOwnName(name))) continue;
        if (!stat.isDirectory()) marks.set(relative.slice(1), markOf(stat));
        // A mount below is not in the copy.
        else if (stat.dev === dev) directories.push(relative);
      }
      await setImmediate();
      for (const directory of directories) await walk(directory);
    };
    await walk("");
    return { dev, ino, uid, marks };
  } finally {
    closeSync(fd);
  }
}

function openTop(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOTDIR") throw error;
    const detail = "a single writable file: mount the directory that it is in";
    throw new BulkheadError("MICROVM_UNSUPPORTED", { operation: "look at directory", path, detail });
  }
}

/** A directory that the caller cannot read stays unknown and unchanged. */
function namesIn(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EACCES" || code === "ENOENT" || code === "ENOTDIR") return [];
    throw error;
  }
}
