import { Command } from "commander";
import { completionCommand } from "./commands/completion.js";
import { doctorCommand } from "./commands/doctor.js";
import { explainCommand } from "./commands/explain.js";
import { runCommand } from "./commands/run.js";
import { setupCommand } from "./commands/setup.js";
import { versionCommand } from "./commands/version.js";
import { EXAMPLES } from "./help.js";
import { packageVersion } from "./package-version.js";

/** The whole command tree. What a command does is loaded only when it is given: starting up is most of a run's cost. */
export function makeProgram(): Command {
  const program = new Command("bulkhead")
    .description("Run code you do not fully trust behind the wall you choose, and see what was really in force.")
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "show help")
    .helpCommand("help [command]", "show help for a command")
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .addHelpText("after", EXAMPLES.program);
  for (const command of [
    runCommand(),
    explainCommand(),
    doctorCommand(),
    setupCommand(),
    versionCommand(),
    completionCommand(() => program),
  ]) {
    program.addCommand(command);
  }
  throwUsageErrors(program);
  return program;
}

/** Commander would exit with 1, which is a workload's exit code here; its message is printed all the same. */
function throwUsageErrors(command: Command): void {
  command.exitOverride();
  command.commands.forEach(throwUsageErrors);
}
