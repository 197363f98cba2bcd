import { Argument, Command } from "commander";
import { EXAMPLES } from "../help.js";
import { oneOf } from "../policy/choice.js";

/** `bulkhead profile`: seccomp profiles as files. */
export function profileCommand(): Command {
  return new Command("profile")
    .description("print the built-in seccomp profiles in OCI (Docker) format")
    .addHelpText("after", EXAMPLES.profile)
    .addCommand(
      new Command("export")
        .description("print a profile as JSON, to edit and use with --syscalls FILE")
        .addArgument(oneOf(new Argument("<profile>"), ["default", "strict"]))
        .option("--json", "print it on one line")
        .action(async (name: "default" | "strict", { json }: { readonly json?: boolean }) => {
          const { printProfile } = await import("../profile/export.js");
          await printProfile(name, json === true);
        }),
    );
}
