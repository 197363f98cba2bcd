import { createHash } from "node:crypto";
import { chmod, lstat, mkdir, readdir, readFile, readlink, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A directory with something of every kind in it, that an attack would like to change. */
export async function makeCanary(path: string): Promise<void> {
  await mkdir(join(path, "directory"), { recursive: true });
  await writeFile(join(path, "secret"), "do not touch\n", { mode: 0o600 });
  await writeFile(join(path, "directory", "file"), "nor this\n");
  await symlink("secret", join(path, "link"));
  await chmod(join(path, "directory"), 0o700);
}

/**
 * What all of it is: names, types, modes, owners, link counts, times and contents. Equal hashes: nothing was changed.
 */
export async function fingerprint(path: string): Promise<string> {
  const hash = createHash("sha256");
  await add(path);
  return hash.digest("hex");

  async function add(at: string): Promise<void> {
    const { mode, uid, gid, nlink, size, mtimeMs, ctimeMs } = await lstat(at);
    hash.update(JSON.stringify([at, mode, uid, gid, nlink, size, mtimeMs, ctimeMs]));
    const kind = mode & 0o170000;
    if (kind === 0o100000) hash.update(await readFile(at));
    if (kind === 0o120000) hash.update(await readlink(at));
    if (kind === 0o040000) for (const name of (await readdir(at)).sort()) await add(join(at, name));
  }
}
