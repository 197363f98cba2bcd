import type { Command } from "commander";
import { defined } from "./defined.js";
import { makeProgram } from "./program.js";

/**
 * The help of every command, by its words (`images pull`; "" is the program's), as the build stores it for
 * `start/built-text.ts`.
 */
export function helpTexts(): Readonly<Record<string, string>> {
  return Object.fromEntries(textsOf(makeProgram(), []));
}

function textsOf(command: Command, words: readonly string[]): readonly (readonly [string, string])[] {
  return [
    [words.join(" "), wholeHelp(command)],
    ...command.commands.flatMap((each) => textsOf(each, [...words, each.name()])),
  ];
}

/** With the text before and after it, which `helpInformation` leaves out. */
function wholeHelp(command: Command): string {
  let text = "";
  const { writeOut } = command.configureOutput();
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  command.configureOutput(defined({ writeOut }));
  return text;
}
