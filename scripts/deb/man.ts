import type { Command } from "commander";

/** Manual pages of a program: its own, and one for each command, with the command's subcommands as sections. */
export function manualPages(program: Command, version: string): ReadonlyMap<string, string> {
  const pages = new Map<string, string>();
  const name = program.name();
  pages.set(`${name}.1`, pageOf(name, program, version, commandsOf(program, name)));
  for (const command of program.commands) {
    const title = `${name}-${command.name()}`;
    pages.set(`${title}.1`, pageOf(title, command, version, sectionsOf(command, [name, command.name()])));
  }
  return pages;
}

function pageOf(title: string, command: Command, version: string, more: readonly string[]): string {
  const usage = `${title.replace("-", " ")} ${command.usage()}`;
  const lines = [
    `.TH ${title.toUpperCase()} 1 "" "bulkhead ${version}" "User Commands"`,
    ".SH NAME",
    `${title} \\- ${text(command.description())}`,
    ".SH SYNOPSIS",
    `.B ${text(usage)}`,
    ".SH DESCRIPTION",
    text(sentence(command.description())),
    ...optionsOf(command, ".SH OPTIONS"),
    ...more,
    ".SH EXIT STATUS",
    text("The workload's own; 124 timed out; 125 Bulkhead refused or failed; 126 not executable; 127 not found; "),
    text("128+n killed by signal n."),
    ".SH SEE ALSO",
    text("The guide in /usr/share/doc/bulkhead/guide.md.gz."),
  ];
  return `${lines.join("\n")}\n`;
}

function commandsOf(program: Command, name: string): readonly string[] {
  const listed = program.commands.flatMap((command) => [
    ".TP",
    `.BR ${text(`${name}-${command.name()}`)} (1)`,
    text(sentence(command.description())),
  ]);
  return [".SH COMMANDS", ...listed];
}

function sectionsOf(command: Command, words: readonly string[]): readonly string[] {
  if (command.commands.length === 0) return [];
  const sections = command.commands.flatMap((each) => [
    `.SS ${text([...words, each.name(), each.usage()].join(" "))}`,
    text(sentence(each.description())),
    ...optionsOf(each, ".PP"),
  ]);
  return [".SH COMMANDS", ...sections];
}

function optionsOf(command: Command, head: string): readonly string[] {
  const help = command.createHelp();
  const options = help.visibleOptions(command);
  const listed = options.flatMap((option) => [
    ".TP",
    `.B ${text(help.optionTerm(option))}`,
    text(sentence(help.optionDescription(option))),
  ]);
  return listed.length === 0 ? [] : [head, ...listed];
}

function sentence(description: string): string {
  const [first = "", ...rest] = description;
  const whole = first.toUpperCase() + rest.join("");
  return /[.!?)]$/.test(whole) ? whole : `${whole}.`;
}

/** As roff: a hyphen that is typed, a backslash that is printed, and no line that begins with a request. */
function text(words: string): string {
  const escaped = words.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll("\n", " ");
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
}
