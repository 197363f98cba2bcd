import { BulkheadError } from "../errors/bulkhead-error.js";
import { LEVELS, type Level } from "../policy/level.js";
import { explain, type PrepareOptions } from "./prepare.js";

const LACKING: ReadonlySet<string> = new Set(["LEVEL_UNAVAILABLE", "HOST_UNSUPPORTED", "VMM_UNAVAILABLE"]);

/** The levels that this host has, weakest first. Those of other programs' are found by trying, which may take seconds once. @throws BulkheadError as `explain` */
export async function availableLevels(options: PrepareOptions = {}): Promise<readonly Level[]> {
  const found: Level[] = [];
  for (const level of LEVELS) {
    try {
      await explain({ level }, options);
      found.push(level);
    } catch (error) {
      if (!(error instanceof BulkheadError && LACKING.has(error.code))) throw error;
    }
  }
  return found;
}
