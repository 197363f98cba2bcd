import { Command } from "commander";
import { EXAMPLES } from "../help.js";
import { addImageFlags } from "../images/flags.js";
import type { LearnFlags } from "../learn/flags.js";
import { addPolicyFlags } from "../policy/flags.js";

/** `bulkhead learn`: writes the least policy under which a program would have run as it did. */
export function learnCommand(): Command {
  const command = new Command("learn")
    .description("run a program under observation, and write the least policy that would have sufficed")
    .argument("<command...>", "the program and its arguments; put -- before it")
    .passThroughOptions()
    .option("--out <directory>", "where to write the policy and its other formats", "bulkhead-learned")
    .option("--runs <number>", "how often to run it; marks rules that only one run needed", "1")
    .option("--add", "add to the result already in the directory")
    .option("--check", "run it once more under the policy, and report whether the result is the same")
    .option("--json", "print what was learned as one JSON object")
    .option("--broker <socket>", "use the system broker at this socket");
  return addImageFlags(addPolicyFlags(command))
    .addHelpText("after", EXAMPLES.learn)
    .action(async (argv: readonly string[], flags: LearnFlags) => {
      const { learnProgram } = await import("../learn/learn.js");
      await learnProgram(argv, flags);
    });
}
