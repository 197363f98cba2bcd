import { Command } from "commander";
import { EXAMPLES } from "./help.js";
import { HELP_COLUMNS } from "./help-columns.js";
import { writeRequested } from "./output/write.js";
import { packageVersion } from "./package-version.js";

/** The root command `bulkhead`, with these subcommands. */
export function rootCommand(commands: readonly Command[]): Command {
  const root = new Command("bulkhead")
    .description(
      "Run code you do not fully trust behind the wall you choose, and see which protections were really in force.",
    )
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "show help")
    .helpCommand("help [command]", "show help for a command")
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .addHelpText("after", EXAMPLES.program);
  for (const command of commands) root.addCommand(command);
  throwUsageErrors(root);
  return root;
}

function helpWidth(): number {
  return Math.min(HELP_COLUMNS, process.stdout.columns || HELP_COLUMNS);
}

/** Commander would print a message without a code and exit with 1, which here means that the workload exited with 1. */
function throwUsageErrors(command: Command): void {
  const output = { outputError: () => undefined, getOutHelpWidth: helpWidth, writeOut: writeRequested };
  command.exitOverride().configureOutput(output);
  command.commands.forEach(throwUsageErrors);
}
