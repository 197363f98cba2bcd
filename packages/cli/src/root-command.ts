import { Command } from "commander";
import { EXAMPLES } from "./help.js";
import { packageVersion } from "./package-version.js";

/** `bulkhead` itself, with these commands. */
export function rootCommand(commands: readonly Command[]): Command {
  const root = new Command("bulkhead")
    .description("Run code you do not fully trust behind the wall you choose, and see what was really in force.")
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

/** Commander would print a message without a code, and exit with 1, which is a workload's exit code here. */
function throwUsageErrors(command: Command): void {
  command.exitOverride().configureOutput({ outputError: () => undefined });
  command.commands.forEach(throwUsageErrors);
}
