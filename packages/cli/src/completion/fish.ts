import type { CommandWords, OptionWords } from "./tree.js";

/** `complete` lines, one for each option. */
export function fishScript(commands: readonly CommandWords[]): string {
  const lines = commands.flatMap(({ name, description, options }) => [
    `complete -c bulkhead -n __fish_use_subcommand -f -a ${name} -d '${quoted(description)}'`,
    ...options.map((option) => `complete -c bulkhead -n '__fish_seen_subcommand_from ${name}' ${flags(option)}`),
  ]);
  const shells = "complete -c bulkhead -n '__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'";
  return `# fish completion for bulkhead\n${[...lines, shells].join("\n")}\n`;
}

function flags({ names, description, value }: OptionWords): string {
  const words = names.map((name) => (name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  return [...words, argument(value), `-d '${quoted(description)}'`].filter((word) => word !== "").join(" ");
}

function argument(value: OptionWords["value"]): string {
  switch (value) {
    case "none":
      return "";
    case "any":
      return "-x";
    case "path":
      return "-r -F";
    default:
      return `-x -a '${value.join(" ")}'`;
  }
}

function quoted(text: string): string {
  return text.replace(/\\/g, "\\\\").replace(/'/g, "\\'");
}
