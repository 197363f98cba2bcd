import { BulkheadError } from "bulkhead";
import { Command } from "commander";

/** `bulkhead setup`: done by the launcher of a checkout before this program exists; here only so that help lists it. */
export function setupCommand(): Command {
  return new Command("setup")
    .description("install and build ahead of time what a use needs")
    .argument("[what...]", "levels, or: test, bench, all (default: what run needs)")
    .option("--json", "print what failed as a JSON object")
    .action(() => {
      throw new BulkheadError("USAGE", {
        detail: "set-up is done by the launcher of a checkout: `./bulkhead setup` there",
      });
    });
}
