import type { Command } from "commander";
import { fail } from "./failure.js";
import { askedFor } from "./usage.js";

/** Carries out the arguments of this process, and reports failures. */
export async function perform(program: Command): Promise<void> {
  // The reader of a pipe may go away; that ends the output, not this program.
  process.stdout.on("error", () => undefined);
  process.stderr.on("error", () => undefined);
  try {
    await program.parseAsync();
  } catch (error) {
    await fail(error, askedFor(program, process.argv.slice(2)));
  }
}
