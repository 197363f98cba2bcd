import type { RunFlags } from "../commands/run.js";
import { imageOptions } from "../images/flags.js";
import { progressOn } from "../images/progress.js";
import { execute } from "./execute.js";

/**
 * `execute` for a run that may first have to pull an image: progress goes to stderr, because stdout belongs to the
 * workload.
 */
export async function executeWithImages(argv: readonly string[], flags: RunFlags): Promise<void> {
  const json = flags.json === true && process.stderr.isTTY !== true;
  const progress = progressOn(process.stderr, json);
  try {
    await execute(argv, flags, imageOptions(flags, progress.onEvent));
  } finally {
    progress.stop();
  }
}
