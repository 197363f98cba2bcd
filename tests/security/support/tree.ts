import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from "node:fs";
import { join } from "node:path";

function typeOf(stat: Stats): string {
  if (stat.isFile()) return "file";
  if (stat.isDirectory()) return "directory";
  if (stat.isSymbolicLink()) return "symlink";
  if (stat.isFIFO()) return "fifo";
  if (stat.isSocket()) return "socket";
  return stat.isBlockDevice() ? "block device" : "character device";
}

function contentOf(path: string, stat: Stats): string | undefined {
  if (stat.isSymbolicLink()) return readlinkSync(path);
  return stat.isFile() && stat.size < 1 << 20
    ? createHash("sha256").update(readFileSync(path)).digest("hex")
    : undefined;
}

/** Everything below `directory` (itself not), one JSON object a line: two equal strings are two equal trees. */
export function treeOf(directory: string, below = ""): string {
  let text = "";
  for (const name of readdirSync(join(directory, below)).sort()) {
    const path = join(below, name);
    const full = join(directory, path);
    const stat = lstatSync(full);
    const { mode, uid, gid, size, mtimeMs } = stat;
    const line = { path, type: typeOf(stat), mode, uid, gid, mtimeMs, size: stat.isDirectory() ? 0 : size };
    text += `${JSON.stringify({ ...line, content: contentOf(full, stat) })}\n`;
    if (stat.isDirectory()) text += treeOf(directory, path);
  }
  return text;
}
