import { basename } from "node:path";
import { BulkheadError } from "../../../errors/bulkhead-error.js";
import type { Plan } from "../../../plan/schema.js";
import type { SavedMachine } from "../../driver.js";
import { SNAPSHOT } from "../machine.js";
import { filesOf, restoring } from "./restoring.js";
import { differences, tieOf } from "./tie.js";

/**
 * The plan that resumes a saved machine: the jail of `plan`, which was built here and now. Of the snapshot it uses only
 * the digests, for comparison.
 * @throws BulkheadError SNAPSHOT_MISMATCH naming the parts that differ, SNAPSHOT_INVALID
 */
export async function restoredPlan(plan: Plan, path: string, { tie, files }: SavedMachine): Promise<Plan> {
  const different = differences(tie, await tieOf(plan));
  if (different.length > 0) {
    throw new BulkheadError("SNAPSHOT_MISMATCH", { operation: "restore", path, detail: different.join(", ") });
  }
  const wanted = filesOf(plan, path).map((file) => basename(file));
  if (wanted.join() !== files.map(({ name }) => name).join()) {
    throw new BulkheadError("SNAPSHOT_INVALID", { operation: "restore", path, detail: `files: ${wanted.join(", ")}` });
  }
  return restoring(plan, { source: path, at: SNAPSHOT });
}
