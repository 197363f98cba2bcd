import { Command, InvalidArgumentError } from "commander";
import type { BrokerFlags } from "../broker/flags.js";
import { EXAMPLES } from "../help.js";

/** `bulkhead broker`: the warden as a service, for callers that are not root. */
export function brokerCommand(): Command {
  return new Command("broker")
    .description("run a broker for other users, in the foreground")
    .option("--socket <path>", "listen here (default: /run/bulkhead/broker.sock)")
    .option("--allow-uid <uid>", "let this user launch sandboxes (repeatable)", collectId)
    .option("--allow-gid <gid>", "let members of this group launch sandboxes (repeatable)", collectId)
    .option("--max-memory <size>", "maximum memory of one sandbox")
    .option("--max-pids <n>", "maximum processes of one sandbox", wholeNumber)
    .option("--max-cpus <n>", "maximum processors of one sandbox", decimal)
    .option("--max-sandboxes <n>", "maximum live sandboxes of one caller (default: 256)", wholeNumber)
    .addHelpText("after", EXAMPLES.broker)
    .action(async (flags: BrokerFlags) => {
      const { serve } = await import("../broker/serve.js");
      await serve(flags);
    });
}

function collectId(text: string, before: readonly number[] = []): readonly number[] {
  return [...before, wholeNumber(text)];
}

function decimal(text: string): number {
  if (!/^\d{1,6}(\.\d{1,3})?$/.test(text)) throw new InvalidArgumentError("It must be a number, such as 1.5.");
  return Number(text);
}

function wholeNumber(text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}
