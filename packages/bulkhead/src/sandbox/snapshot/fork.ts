import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { newToken } from "../../host/owner-token.js";
import { removeTree } from "../../images/store/remove-tree.js";
import { Store } from "../../images/store/store.js";
import { FACTS, readFacts } from "./facts.js";
import { type OpenedSnapshot, prepareFrom } from "./open.js";
import type { RestoreOptions } from "./options.js";
import { type Subject, takeSnapshot } from "./take.js";

/** A sandbox that is written down only to be copied. */
export interface Saved extends AsyncDisposable {
  /** Makes another copy ready. @throws BulkheadError what preparing its policy throws */
  open(): Promise<OpenedSnapshot>;
}

/**
 * Writes a sandbox down for copies of it, which are vouched for: it was this process that wrote it. That is in the store of images, where what a killed
 * process left is removed at the next start, since it has the memory of a workload in it.
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
