import { Argument, Command } from "commander";
import { EXAMPLES } from "../help.js";
import { finish, print } from "../output/write.js";
import { oneOf } from "../policy/choice.js";

/** `bulkhead completion SHELL`: generated from the command tree, so it is always current. */
export function completionCommand(program: () => Command): Command {
  return new Command("completion")
    .description("print a completion script for a shell")
    .addArgument(oneOf(new Argument("<shell>"), ["bash", "zsh", "fish"]))
    .addHelpText("after", EXAMPLES.completion)
    .action(async (shell: "bash" | "zsh" | "fish") => {
      const { completionScript } = await import("../completion/script.js");
      await print(process.stdout, completionScript(shell, program()));
      await finish(0);
    });
}
