import type { Command } from "commander";
import { bashScript } from "./bash.js";
import { fishScript } from "./fish.js";
import { commandWords } from "./tree.js";
import { zshScript } from "./zsh.js";

/** The completion script of a shell, for the commands of a program. */
export function completionScript(shell: "bash" | "zsh" | "fish", program: Command): string {
  const commands = commandWords(program);
  switch (shell) {
    case "bash":
      return bashScript(commands);
    case "zsh":
      return zshScript(commands);
    case "fish":
      return fishScript(commands);
  }
}
