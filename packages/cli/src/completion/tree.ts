import type { Command, Option } from "commander";

/** A command, as completion needs it. */
export interface CommandWords {
  readonly name: string;
  readonly description: string;
  readonly options: readonly OptionWords[];
}

export interface OptionWords {
  /** `--level`, `-l`. */
  readonly names: readonly string[];
  readonly description: string;
  /** The option's value: none, one of these words, a path, or any word. */
  readonly value: readonly string[] | "none" | "path" | "any";
}

/** Options whose value is a host path. */
const PATHS: ReadonlySet<string> = new Set([
  "--policy",
  "--root",
  "--mount",
  "--broker",
  "--out",
  "--syscalls",
  "--record",
  "--record-key",
  "--key",
  "--junit",
]);

/** The subcommands of a program, with the values of their options. */
export function commandWords(program: Command): readonly CommandWords[] {
  return program.commands.map((command) => ({
    name: command.name(),
    description: command.description(),
    options: command.options.map(optionWords),
  }));
}

function optionWords(option: Option): OptionWords {
  const names = [option.long, option.short].flatMap((name) => (typeof name === "string" ? [name] : []));
  return { names, description: option.description, value: whatFollows(option) };
}

function whatFollows(option: Option): OptionWords["value"] {
  if (!option.required && !option.optional) return "none";
  if (option.argChoices !== undefined) return option.argChoices;
  return PATHS.has(option.long ?? "") ? "path" : "any";
}
