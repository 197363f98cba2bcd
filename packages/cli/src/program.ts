import { Command } from "commander";
import { brokerCommand } from "./commands/broker.js";
import { completionCommand } from "./commands/completion.js";
import { doctorCommand } from "./commands/doctor.js";
import { explainCommand } from "./commands/explain.js";
import { runCommand } from "./commands/run.js";
import { setupCommand } from "./commands/setup.js";
import { versionCommand } from "./commands/version.js";
import { EXAMPLES } from "./help.js";
import { packageVersion } from "./package-version.js";

const COMMANDS: Readonly<Record<string, () => Command>> = {
  run: runCommand,
  explain: explainCommand,
  doctor: doctorCommand,
  broker: brokerCommand,
  setup: setupCommand,
  version: versionCommand,
  completion: () => completionCommand(() => makeProgram()),
};

/**
 * The command tree; with `only`, a command's name, no more of it than that command needs. What a command does is loaded
 * only when it is given: starting up is most of what a run costs.
 */
export function makeProgram(only?: string): Command {
  const program = new Command("bulkhead")
    .description("Run code you do not fully trust behind the wall you choose, and see what was really in force.")
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "show help")
    .helpCommand("help [command]", "show help for a command")
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .addHelpText("after", EXAMPLES.program);
  const chosen = only !== undefined && Object.hasOwn(COMMANDS, only) ? [only] : Object.keys(COMMANDS);
  for (const name of chosen) {
    const command = COMMANDS[name];
    if (command !== undefined) program.addCommand(command());
  }
  throwUsageErrors(program);
  return program;
}

/** Commander would exit with 1, which is a workload's exit code here; its message is printed all the same. */
function throwUsageErrors(command: Command): void {
  command.exitOverride();
  command.commands.forEach(throwUsageErrors);
}
