import type { Dirent } from "node:fs";
import { lstat, readdir, rmdir, unlink } from "node:fs/promises";

const SLASH = Buffer.from("/");

/**
 * Removes a directory and everything below it. Names are bytes throughout: those of an image need not be UTF-8, which
 * `fs.rm` cannot remove. Removes links without following them; no other user writes to the store meanwhile.
 */
export async function removeTree(path: string): Promise<void> {
  const kind = await lstat(path).catch(gone);
  if (kind?.isDirectory() === true) await removeDirectory(Buffer.from(path));
}

async function removeDirectory(path: Buffer): Promise<void> {
  const children: Dirent<Buffer>[] = await readdir(path, { withFileTypes: true, encoding: "buffer" });
  for (const child of children) {
    const at = Buffer.concat([path, SLASH, child.name]);
    await (child.isDirectory() ? removeDirectory(at) : unlink(at));
  }
  await rmdir(path);
}

/** Another process may remove the same leftovers. */
function gone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
