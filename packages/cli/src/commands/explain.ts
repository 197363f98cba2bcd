import { Command } from "commander";
import type { ExplainFlags } from "../explain/flags.js";
import { EXAMPLES } from "../help.js";
import { addImageFlags } from "../images/flags.js";
import { addPolicyFlags } from "../policy/flags.js";

/** `bulkhead explain`: the enforcement table, before anything runs. */
export function explainCommand(): Command {
  const command = new Command("explain")
    .description("show which protections would be enforced and by which mechanism, and which would not")
    .option("--plan", "print the plan instead: exactly what the warden would execute")
    .option("--plan-schema", "print the JSON Schema of plans instead")
    .option("--why", "give the purpose of each protection")
    .option("--against <level|file>", "show what another level, or another policy, would change")
    .option("--json", "print everything as one JSON object")
    .option("--broker <socket>", "ask the system broker at this socket");
  return addImageFlags(addPolicyFlags(command))
    .addHelpText("after", EXAMPLES.explain)
    .action(async (flags: ExplainFlags) => {
      const { showExplanation } = await import("../explain/show.js");
      await showExplanation(flags);
    });
}
