import { BulkheadError } from "bulkhead";
import { Command } from "commander";

/**
 * `bulkhead setup`: the launcher of a checkout handles it before this program exists. It is here so that help lists it.
 */
export function setupCommand(): Command {
  return new Command("setup")
    .description("install and build what a level or task needs, ahead of time")
    .argument("[what...]", "levels, or: test, bench, all (default: what `run` needs)")
    .option("--json", "print failures as a JSON object")
    .action(() => {
      throw new BulkheadError("USAGE", {
        detail: "run `./bulkhead setup` in a checkout: its launcher does the set-up",
      });
    });
}
