import { rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { BulkheadError } from "bulkhead";

/** Where the operator finds the token: on the terminal or in a file, never both; neither if none was made. */
export interface HandedOver {
  readonly shown: string | null;
  readonly file: string | null;
}

interface Places {
  readonly tokenFile?: string;
  /** The server's state. */
  readonly directory: string;
}

/**
 * Shows a new token on a terminal, and else writes it to a file that only its owner can read: what a service prints
 * ends up in a journal, which others read and which lasts.
 * @throws BulkheadError PATH_UNUSABLE
 */
export async function handOver(token: string | null, { tokenFile, directory }: Places): Promise<HandedOver> {
  if (token === null) return { shown: null, file: null };
  if (tokenFile === undefined && process.stdout.isTTY) return { shown: token, file: null };
  const file = tokenFile === undefined ? join(directory, "operator-token") : resolve(tokenFile);
  try {
    if (tokenFile === undefined) await replace(file, `${token}\n`);
    else await writeFile(file, `${token}\n`, { mode: 0o600, flag: "wx" });
  } catch (cause) {
    throw new BulkheadError("PATH_UNUSABLE", { operation: "write the token to", path: file, cause });
  }
  return { shown: null, file };
}

/** The file of an earlier token may have been given another mode. */
async function replace(path: string, text: string): Promise<void> {
  const fresh = `${path}.new`;
  await rm(fresh, { force: true });
  await writeFile(fresh, text, { mode: 0o600, flag: "wx" });
  await rename(fresh, path);
}
