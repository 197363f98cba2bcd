import { Command } from "commander";
import { EXIT } from "../exit-codes.js";
import { finish, print } from "../output/write.js";

/** `bulkhead setup`: done by the launcher of a checkout before this program exists; here only so that help lists it. */
export function setupCommand(): Command {
  return new Command("setup")
    .description("install and build ahead of time what a use needs")
    .argument("[what...]", "levels, or: test, bench, all (default: what run needs)")
    .action(async () => {
      await print(
        process.stderr,
        "bulkhead: USAGE: set-up is done by the launcher of a checkout\n  remedy: Run `./bulkhead setup` there.\n",
      );
      await finish(EXIT.bulkhead);
    });
}
