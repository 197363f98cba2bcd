import { Command } from "commander";
import { EXAMPLES } from "../help.js";
import { addImageFlags } from "../images/flags.js";
import type { LearnFlags } from "../learn/flags.js";
import { addPolicyFlags } from "../policy/flags.js";

/** `bulkhead learn`: the least policy under which a program would have done what it did. */
export function learnCommand(): Command {
  const command = new Command("learn")
    .description("run a program observed, and write the least policy that would have sufficed")
    .argument("<command...>", "the program and its arguments; put -- before it")
    .passThroughOptions()
    .option("--out <directory>", "where the policy and its other forms go", "bulkhead-learned")
    .option("--runs <number>", "how often to run it; what only one run needed is marked", "1")
    .option("--add", "add to what is in the directory already")
    .option("--check", "run it once more under the policy, and say whether it came out the same")
    .option("--json", "print what was learned as one JSON object")
    .option("--broker <socket>", "use the system broker at this socket");
  return addImageFlags(addPolicyFlags(command))
    .addHelpText("after", EXAMPLES.learn)
    .action(async (argv: readonly string[], flags: LearnFlags) => {
      const { learnProgram } = await import("../learn/learn.js");
      await learnProgram(argv, flags);
    });
}
