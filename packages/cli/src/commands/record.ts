import { Command } from "commander";
import { EXAMPLES } from "../help.js";
import type { RecordFlags } from "../record/flags.js";

/** `bulkhead record`: signed records of runs. */
export function recordCommand(): Command {
  return new Command("record")
    .description("check and show the signed records that `run --record` writes")
    .addHelpText("after", EXAMPLES.record)
    .addCommand(
      keyed(new Command("verify"))
        .description("check that records were signed with a key and not changed since; ends with 125 if one was")
        .argument("<file...>", "records")
        .action(async (files: readonly string[], flags: RecordFlags) => {
          const { verifyRecords } = await import("../record/verify.js");
          await verifyRecords(files, flags);
        }),
    )
    .addCommand(
      keyed(new Command("show"))
        .description("check a record, and print what it states")
        .argument("<file>", "a record")
        .action(async (file: string, flags: RecordFlags) => {
          const { showRecord } = await import("../record/verify.js");
          await showRecord(file, flags);
        }),
    )
    .addCommand(
      new Command("key")
        .description("print this machine's public key, for others to check with")
        .option("--json", "print as JSON")
        .action(async (flags: RecordFlags) => {
          const { printKey } = await import("../record/verify.js");
          await printKey(flags);
        }),
    );
}

function keyed(command: Command): Command {
  return command
    .option("--key <file>", "the public key of who signed them (default: this machine's own)")
    .option("--json", "print as JSON");
}
