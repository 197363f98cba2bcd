import { LEVELS } from "bulkhead";
import { Command, Option } from "commander";
import { EXAMPLES } from "../help.js";
import { oneOf } from "../policy/choice.js";
import type { VerifyFlags } from "../verify/flags.js";

/** `bulkhead verify`: the escape self-test. */
export function verifyCommand(): Command {
  return new Command("verify")
    .description("try to get out in every way known, and check from outside that nothing did")
    .addOption(
      oneOf(new Option("-l, --level <level>", "at this level, or at all that this host has"), [
        "all",
        ...LEVELS,
      ]).default("all"),
    )
    .option("--all", "list the attempts that were stopped, too")
    .option("--json", "print the results as one JSON object")
    .option("--junit <file>", "write them as JUnit XML as well")
    .option("--broker <socket>", "use the system broker at this socket")
    .addHelpText("after", EXAMPLES.verify)
    .action(async (flags: VerifyFlags) => {
      const { verify } = await import("../verify/verify.js");
      await verify(flags);
    });
}
