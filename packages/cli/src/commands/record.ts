import { Command } from "commander";
import { EXAMPLES } from "../help.js";
import type { RecordFlags } from "../record/flags.js";

/** `bulkhead record`: signed records of runs. */
export function recordCommand(): Command {
  return new Command("record")
    .description("verify and show the signed records that `run --record` writes")
    .addHelpText("after", EXAMPLES.record)
    .addCommand(
      keyed(new Command("verify"))
        .description("verify that a key signed the records and nothing changed since; exits with 125 otherwise")
        .argument("<file...>", "records")
        .action(async (files: readonly string[], flags: RecordFlags) => {
          const { verifyRecords } = await import("../record/verify.js");
          await verifyRecords(files, flags);
        }),
    )
    .addCommand(
      keyed(new Command("show"))
        .description("verify a record, and print its statement")
        .argument("<file>", "a record")
        .action(async (file: string, flags: RecordFlags) => {
          const { showRecord } = await import("../record/verify.js");
          await showRecord(file, flags);
        }),
    )
    .addCommand(
      new Command("key")
        .description("print this machine's public key, so that others can verify its records")
        .option("--json", "print as JSON")
        .action(async (flags: RecordFlags) => {
          const { printKey } = await import("../record/verify.js");
          await printKey(flags);
        }),
    );
}

function keyed(command: Command): Command {
  return command
    .option("--key <file>", "the signer's public key (default: this machine's own)")
    .option("--json", "print as JSON");
}
