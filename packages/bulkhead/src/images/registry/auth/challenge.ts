/** One scheme that a server offers in `WWW-Authenticate`. */
export interface Challenge {
  /** Lower case. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: Readonly<Record<string, string>>;
}

const LONGEST = 4096;
const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;
const SPACE = /[ \t]*/y;

/**
 * Parses a `WWW-Authenticate` header (RFC 9110, section 11.6.1). It may contain several challenges, separated by commas
 * as parameters are; a comma in quotes separates nothing. Parsing stops at the first invalid part: nothing is guessed.
 */
export function parseChallenges(header: string | undefined): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  if (header === undefined || header.length > LONGEST) return challenges;
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(header);
    if (found !== null) at = pattern.lastIndex;
    return found;
  };
  while (at < header.length) {
    take(SPACE);
    if (header[at] === ",") {
      at += 1;
      continue;
    }
    const word = take(TOKEN)?.[0].toLowerCase();
    if (word === undefined) return challenges;
    take(SPACE);
    if (header[at] !== "=") {
      challenges.push({ scheme: word, parameters: Object.create(null) });
      continue;
    }
    at += 1;
    take(SPACE);
    const quoted = take(QUOTED);
    const value = quoted === null ? take(TOKEN)?.[0] : quoted[1]?.replace(/\\(.)/g, "$1");
    const current = challenges.at(-1);
    // The first of two wins: an intermediary may have seen only that one.
    if (value === undefined || current === undefined || word in current.parameters) return challenges;
    current.parameters[word] = value;
  }
  return challenges;
}
