import { LEVELS } from "bulkhead";
import { Command, Option } from "commander";
import { EXAMPLES } from "../help.js";
import { oneOf } from "../policy/choice.js";
import type { VerifyFlags } from "../verify/flags.js";

/** `bulkhead verify`: the escape self-test. */
export function verifyCommand(): Command {
  return new Command("verify")
    .description("try every known escape, and check from outside that none succeeded")
    .addOption(
      oneOf(new Option("-l, --level <level>", "test this level, or all levels that this host offers"), [
        "all",
        ...LEVELS,
      ]).default("all"),
    )
    .option("--all", "also list the attempts that were stopped")
    .option("--json", "print the results as one JSON object")
    .option("--junit <file>", "also write the results as JUnit XML")
    .option("--broker <socket>", "use the system broker at this socket")
    .addHelpText("after", EXAMPLES.verify)
    .action(async (flags: VerifyFlags) => {
      const { verify } = await import("../verify/verify.js");
      await verify(flags);
    });
}
