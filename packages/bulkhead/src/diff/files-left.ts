import { createHash } from "node:crypto";
import { BulkheadError } from "../errors/bulkhead-error.js";
import type { Sandbox } from "../sandbox/sandbox.js";

/** State by path: `file 0644 <sha256>`, `directory 0755`, `symlink -> target`. */
export type FilesLeft = Readonly<Record<string, string>>;

const MOST = 5_000;
const MIB = 1024 * 1024;
/** For larger files only the size is compared. */
const LARGEST = 16 * MIB;
const MOST_BYTES = 256 * MIB;
const DEEPEST = 32;

/** Lists the files below some directories of a sandbox. The answers come from the sandbox, and are bounded. */
export async function filesIn(sandbox: Sandbox, places: readonly string[]): Promise<FilesLeft> {
  const found: Record<string, string> = {};
  const open = places.map((path) => ({ path, depth: 0 }));
  let bytes = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { path, depth } = next;
    for (const { name, type, mode, size, target } of await entriesOf(sandbox, path)) {
      if (Object.keys(found).length >= MOST) return found;
      const at = `${path === "/" ? "" : path}/${name}`;
      const bits = (mode & 0o7777).toString(8).padStart(4, "0");
      if (type === "file") {
        const small = size <= LARGEST && bytes + size <= MOST_BYTES;
        bytes += small ? size : 0;
        found[at] = `file ${bits} ${small ? await digestOf(sandbox, at) : `${size} bytes`}`;
      } else if (type === "symlink") {
        found[at] = `symlink -> ${target ?? ""}`;
      } else {
        found[at] = `${type} ${bits}`;
        if (type === "directory" && depth < DEEPEST) open.push({ path: at, depth: depth + 1 });
      }
    }
  }
  return found;
}

/** A missing directory, or one that its own user cannot read, counts as empty. */
async function entriesOf(sandbox: Sandbox, path: string) {
  try {
    return await sandbox.files.list(path);
  } catch (error) {
    if (isOfFile(error)) return [];
    throw error;
  }
}

async function digestOf(sandbox: Sandbox, path: string): Promise<string> {
  try {
    const content = await sandbox.files.read(path, { maxBytes: LARGEST });
    return createHash("sha256").update(content).digest("hex");
  } catch (error) {
    if (isOfFile(error)) return "unreadable";
    throw error;
  }
}

function isOfFile(error: unknown): boolean {
  return error instanceof BulkheadError && error.code.startsWith("FILE_");
}
