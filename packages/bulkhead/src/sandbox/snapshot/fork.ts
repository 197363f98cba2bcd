import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { newToken } from "../../host/owner-token.js";
import { removeTree } from "../../images/store/remove-tree.js";
import { Store } from "../../images/store/store.js";
import { FACTS, readFacts } from "./facts.js";
import { type OpenedSnapshot, prepareFrom } from "./open.js";
import type { RestoreOptions } from "./options.js";
import { type Subject, takeSnapshot } from "./take.js";

/** A sandbox that was saved only to be copied. */
export interface Saved extends AsyncDisposable {
  /** Prepares another copy. @throws BulkheadError as preparing its policy does */
  open(): Promise<OpenedSnapshot>;
}

/**
 * Saves a sandbox for copies of it. They count as verified, because this process wrote the file. It lies in the image
 * store; the next start removes what a killed process left there, because it contains a workload's memory.
 * @throws BulkheadError as `takeSnapshot`; IMAGE_STORE_UNAVAILABLE
 */
export async function saveForCopies(subject: Subject, options: RestoreOptions): Promise<Saved> {
  const store = await Store.open(options.images?.store);
  const work = join(store.path, "work", newToken());
  const remove = async () => await removeTree(work);
  try {
    await mkdir(work, { mode: 0o700 });
    const { directory } = await takeSnapshot(subject, join(work, "snapshot"));
    const { facts } = await readFacts(join(directory, FACTS));
    return {
      open: async () => await prepareFrom(directory, facts, { ...options, vouched: true }),
      [Symbol.asyncDispose]: remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
