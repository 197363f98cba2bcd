import { fstatSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { HELP_COLUMNS } from "../help-columns.js";

/**
 * The answer to a request for a text known at build time: the version, or a command's help. Loading the command line
 * for these would take several times as long as Node itself.
 */
export function builtText(words: readonly string[], directory: string): string | undefined {
  const [only = ""] = words;
  if (words.length === 1 && ["version", "--version", "-V"].includes(only)) {
    const version = versionOf(directory);
    return version === undefined ? undefined : `${only === "version" ? "bulkhead " : ""}${version}\n`;
  }
  const of = helpAskedFor(words);
  return of === undefined ? undefined : textIn(join(directory, "help.json"), of.join(" "));
}

/** `--help`, `help`, `images pull --help`, `help images pull`: the words of the command. */
function helpAskedFor(words: readonly string[]): readonly string[] | undefined {
  if (words[0] === "help") return words.slice(1);
  return /^(-h|--help)$/.test(words.at(-1) ?? "") ? words.slice(0, -1) : undefined;
}

function versionOf(directory: string): string | undefined {
  return textIn(join(directory, "..", "package.json"), "version");
}

function textIn(path: string, name: string): string | undefined {
  try {
    const found: unknown = JSON.parse(readFileSync(path, "utf8"));
    const text: unknown = Object.entries(found ?? {}).find(([key]) => key === name)?.[1];
    return typeof text === "string" ? text : undefined;
  } catch {
    return undefined;
  }
}

/** Whether stdout is not a terminal, or is as wide as the text. */
export function isWideEnough(): boolean {
  // Loading `process.stdout` takes milliseconds; a file and a pipe do not need it.
  return !fstatSync(1).isCharacterDevice() || (process.stdout.columns ?? HELP_COLUMNS) >= HELP_COLUMNS;
}

/** Writes all of it; false if nothing could be written. A full pipe gets the rest later. */
export function write(text: string): boolean {
  const bytes = Buffer.from(text);
  let written = 0;
  try {
    while (written < bytes.length) written += writeSync(1, bytes, written);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // The reader has enough.
    if (code === "EPIPE") return true;
    if (code !== "EAGAIN" && written === 0) return false;
    process.stdout.on("error", () => undefined).write(bytes.subarray(written));
  }
  return true;
}
