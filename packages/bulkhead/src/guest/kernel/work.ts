import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { isAbandoned, newToken } from "../../host/owner-token.js";
import { kernelsPath } from "../location.js";

const PREFIX = ".work-";

/**
 * A new path for this process below the kernels, which no kernel can have. Leftovers are removed once the process is
 * gone.
 */
export function workPath(): string {
  return join(kernelsPath(), `${PREFIX}${newToken()}`);
}

/** Runs `use` with an empty directory and removes it afterwards. First removes leftovers of killed processes. */
export async function inWorkDirectory<T>(use: (directory: string) => Promise<T>): Promise<T> {
  await mkdir(kernelsPath(), { recursive: true, mode: 0o755 });
  await removeAbandoned();
  const directory = workPath();
  try {
    await mkdir(directory, { mode: 0o700 });
    return await use(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(kernelsPath())) {
    if (!name.startsWith(PREFIX) || !isAbandoned(name.slice(PREFIX.length))) continue;
    // Leave a directory that cannot be removed, because a program still writes there, to the next call.
    await rm(join(kernelsPath(), name), { recursive: true, force: true }).catch(() => undefined);
  }
}
