import { chown, mkdir } from "node:fs/promises";
import { TemporaryDirectory } from "../../support/temporary.js";

/** Directories that an example's `start` would make below `state`, each of a user of its own. */
export async function stateOf(example: string, owners: Readonly<Record<string, number>>): Promise<TemporaryDirectory> {
  const directory = await TemporaryDirectory.create(example, 0o711);
  for (const [name, owner] of Object.entries(owners)) {
    await mkdir(directory.join(name), { mode: 0o700 });
    // Bulkhead lets no sandbox write as root on the host's disk.
    if (process.getuid?.() === 0) await chown(directory.join(name), owner, owner);
  }
  return directory;
}
