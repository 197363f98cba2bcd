import { readGivenFile, type Unreadable } from "../../arguments/given-file.js";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Sandbox } from "../../sandbox/sandbox.js";
import type { SecretFile } from "../model.js";

const LARGEST_SECRET = 64 * 1024;

/**
 * Writes a component's secrets into its sandbox, before its program starts. They are copies in memory: no mount leads
 * to the directory of the original.
 * @throws BulkheadError SECRET_UNAVAILABLE
 */
export async function placeSecrets(sandbox: Sandbox, secrets: readonly SecretFile[]): Promise<void> {
  for (const { name, path, at } of secrets) {
    const refuse = (why: Unreadable) => new BulkheadError("SECRET_UNAVAILABLE", { path, ...why, detail: name });
    const content = await readGivenFile(path, LARGEST_SECRET, refuse);
    await sandbox.files.write(at, content, { mode: 0o400, exclusive: true });
  }
}
