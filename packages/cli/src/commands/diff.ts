import { LEVELS } from "bulkhead";
import { Command } from "commander";
import type { DiffFlags } from "../diff/flags.js";
import { EXAMPLES } from "../help.js";
import { addImageFlags } from "../images/flags.js";
import { wordOf } from "../policy/choice.js";
import { addPolicyFlags } from "../policy/flags.js";

/** `bulkhead diff`: the same job at two levels. */
export function diffCommand(): Command {
  const command = new Command("diff")
    .description("run the same job at two levels; compare exit status, output, the files it left, time and memory")
    .argument("<command...>", "the program and its arguments; put -- before it")
    .passThroughOptions()
    .option("--json", "print the comparison as one JSON object")
    .option("--broker <socket>", "use the system broker at this socket");
  addImageFlags(addPolicyFlags(command));
  const level = command.options.find(({ long }) => long === "--level");
  if (level !== undefined) {
    level.description = "one of the two levels: give it twice";
    level.argParser((value: string, before: readonly string[] = []) => [...before, wordOf(value, LEVELS)]);
  }
  return command.addHelpText("after", EXAMPLES.diff).action(async (argv: readonly string[], flags: DiffFlags) => {
    const { diff } = await import("../diff/diff.js");
    await diff(argv, flags);
  });
}
