import type { Command } from "commander";
import { fail } from "./failure.js";

/** Does what the arguments of this process ask for, and reports how it failed. */
export async function perform(program: Command): Promise<void> {
  // The reader of a pipe may go away; that ends what is written to it, not this program.
  process.stdout.on("error", () => undefined);
  process.stderr.on("error", () => undefined);
  let json = false;
  // Not from the arguments themselves: after the workload's name `--json` is the workload's.
  program.hook("preAction", (_, command) => {
    json = command.opts()["json"] === true;
  });
  try {
    await program.parseAsync();
  } catch (error) {
    await fail(error, json);
  }
}
