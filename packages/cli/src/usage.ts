import type { Command, Option } from "commander";
import { defined } from "./defined.js";

/** The meaning of a command line, as far as it can be determined for an invalid one. */
export interface CommandLine {
  /** The command's name, and its subcommand's. */
  readonly command: readonly string[];
  readonly json: boolean;
  /** An unknown word in the place of a command, also after `help`. */
  readonly unknown?: string;
}

/** Reads the words up to the workload's: everything after its name, `--json` included, belongs to the workload. */
export function askedFor(program: Command, words: readonly string[]): CommandLine {
  let command = program;
  const path: string[] = [];
  let json = false;
  let unknown: string | undefined;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    if (word === "--") break;
    if (!word.startsWith("-") || word === "-") {
      const chosen = command.commands.find((each) => each.name() === word);
      if (chosen === undefined && runsProgram(command)) break;
      if (chosen === undefined) {
        if (command.commands.length > 0 && word !== "help") unknown ??= word;
        continue;
      }
      command = chosen;
      path.push(word);
    } else if (word === "--json") {
      json = true;
    } else if (takesNext(command.options, word)) {
      at += 1;
    }
  }
  return { command: path, json, ...defined({ unknown }) };
}

function runsProgram({ registeredArguments: [first] }: Command): boolean {
  return first?.name() === "command";
}

/** Whether the option's value is in the next word: `--root base` and `-we BASE`, not `--root=base` and `-lchroot`. */
function takesNext(options: readonly Option[], word: string): boolean {
  if (word.startsWith("--")) return options.find(({ long }) => long === word)?.required === true;
  const letters = word.slice(1);
  for (const [at, letter] of [...letters].entries()) {
    const option = options.find(({ short }) => short === `-${letter}`);
    if (option === undefined) return false;
    if (option.required) return at === letters.length - 1;
  }
  return false;
}
