import { suggest } from "bulkhead/policy";
import { type Argument, InvalidArgumentError, type Option } from "commander";

/** As `choices`, and suggests the closest choice for a mistyped word. */
export function oneOf<T extends Argument | Option>(given: T, words: readonly string[]): T {
  given.choices(words);
  given.argParser((word: string) => wordOf(word, words));
  return given;
}

/** `word`, if it is one of these. */
export function wordOf(word: string, words: readonly string[]): string {
  if (words.includes(word)) return word;
  const meant = suggest(word, words);
  throw new InvalidArgumentError(
    `Allowed choices are ${words.join(", ")}.${meant === undefined ? "" : ` Did you mean ${meant}?`}`,
  );
}
