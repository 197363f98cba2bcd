import type { RunFlags } from "../commands/run.js";
import { imageOptions } from "../images/flags.js";
import { progressOn } from "../images/progress.js";
import { execute } from "./execute.js";

/** `execute` for what may have to be pulled first: that is shown on stderr, since stdout is the workload's. */
export async function executeWithImages(argv: readonly string[], flags: RunFlags): Promise<void> {
  const json = flags.json === true && process.stderr.isTTY !== true;
  const progress = progressOn(process.stderr, json);
  try {
    await execute(argv, flags, imageOptions(flags, progress.onEvent));
  } finally {
    progress.stop();
  }
}
