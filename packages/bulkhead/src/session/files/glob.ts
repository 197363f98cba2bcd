/** A pattern of paths: where to start, and what each name below must match. */
export interface Glob {
  /** Absolute: the part of the pattern before its first special character. */
  readonly base: string;
  readonly parts: readonly Part[];
}

/** One name of a path; "**" stands for any number of directories, including zero. */
export type Part = "**" | string;

/** Maximum number of patterns that one pattern's braces may expand to. */
const MOST_PATTERNS = 256;
const SPECIAL = /[*?[\]]/;

/**
 * Parses a pattern: `*` and `?` within a name, `[a-z]` and `[!a-z]`, `**` for any number of directories, `{one,other}`
 * for either, `\` to quote the next character. A relative pattern starts at `cwd`. Undefined if its braces expand to
 * too many.
 */
export function parseGlob(pattern: string, cwd: string): readonly Glob[] | undefined {
  const expanded = expandBraces(pattern);
  return expanded?.map((one) => {
    const whole = one.startsWith("/") ? one : `${cwd}/${one}`;
    const parts = whole.split("/").filter((part) => part !== "" && part !== ".");
    const first = parts.findIndex((part) => SPECIAL.test(part));
    const fixed = first === -1 ? parts.slice(0, -1) : parts.slice(0, first);
    const base = `/${fixed.map(unescaped).join("/")}`;
    return { base, parts: parts.slice(fixed.length) };
  });
}

/** The parts a path may have reached, so that each name is matched once and not once per way to get there. */
export type States = ReadonlySet<number>;

export function startOf({ parts }: Glob): States {
  return closed(new Set([0]), parts);
}

/** The states after one more name. `dot`: names that begin with a dot match like others. */
export function step({ parts }: Glob, states: States, name: string, dot: boolean): States {
  const next = new Set<number>();
  for (const at of states) {
    const part = parts[at];
    if (part === undefined) continue;
    const isHidden = name.startsWith(".") && !dot;
    if (part === "**") {
      if (!isHidden) next.add(at);
    } else if (!(isHidden && !part.startsWith(".")) && matchesName(part, name)) next.add(at + 1);
  }
  return closed(next, parts);
}

/** Whether the path itself matches. */
export function isMatch({ parts }: Glob, states: States): boolean {
  return states.has(parts.length);
}

/** Whether something below the path can match. */
export function goesOn({ parts }: Glob, states: States): boolean {
  return [...states].some((at) => at < parts.length);
}

function closed(states: Set<number>, parts: readonly Part[]): States {
  // Iteration over a set includes elements added meanwhile.
  for (const at of states) if (parts[at] === "**") states.add(at + 1);
  return states;
}

/** Takes at most name length × part length steps, because a hostile party may choose both. */
export function matchesName(part: string, name: string): boolean {
  const tokens = tokensOf(part);
  const letters = [...name];
  let at = 0;
  let token = 0;
  let star = -1;
  let starAt = 0;
  while (at < letters.length) {
    const one = tokens[token];
    if (one === "*") {
      star = token;
      starAt = at;
      token += 1;
    } else if (one?.(letters[at] ?? "")) {
      token += 1;
      at += 1;
    } else if (star === -1) return false;
    else {
      // Let the last star match one more character.
      token = star + 1;
      starAt += 1;
      at = starAt;
    }
  }
  return tokens.slice(token).every((rest) => rest === "*");
}

type Token = "*" | ((letter: string) => boolean);

function tokensOf(part: string): readonly Token[] {
  const letters = [...part];
  const tokens: Token[] = [];
  for (let at = 0; at < letters.length; at++) {
    const letter = letters[at] ?? "";
    if (letter === "*") tokens.push("*");
    else if (letter === "?") tokens.push(() => true);
    else if (letter === "[" && letters.indexOf("]", at + 2) !== -1) {
      const end = letters.indexOf("]", at + 2);
      tokens.push(oneOfClass(letters.slice(at + 1, end)));
      at = end;
    } else {
      const literal = letter === "\\" && at + 1 < letters.length ? letters[++at] : letter;
      tokens.push((other) => other === literal);
    }
  }
  return tokens;
}

function oneOfClass(content: readonly string[]): (letter: string) => boolean {
  const isNot = content[0] === "!" || content[0] === "^";
  const items = isNot ? content.slice(1) : content;
  return (letter) => {
    let found = false;
    for (let at = 0; at < items.length; at++) {
      const from = items[at] ?? "";
      const isRange = items[at + 1] === "-" && at + 2 < items.length;
      const to = isRange ? (items[at + 2] ?? "") : from;
      found ||= letter >= from && letter <= to;
      if (isRange) at += 2;
    }
    return found !== isNot;
  };
}

function unescaped(part: string): string {
  return part.replace(/\\(.)/gu, "$1");
}

/** Expands `a{b,c}` to `ab` and `ac`; braces may nest. Undefined if there are too many. */
function expandBraces(pattern: string): readonly string[] | undefined {
  const done: string[] = [];
  const waiting = [pattern];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const parts = firstBraces(next);
    if (parts === undefined) done.push(next);
    else waiting.push(...parts);
    if (done.length + waiting.length > MOST_PATTERNS) return undefined;
  }
  return done;
}

/** Expands the first braces that offer a choice; undefined if there are none. */
function firstBraces(pattern: string): readonly string[] | undefined {
  const open = indexOutside(pattern, "{", 0);
  if (open === -1) return undefined;
  const choices: string[] = [];
  let depth = 0;
  let from = open + 1;
  for (let at = open; at < pattern.length; at++) {
    const letter = pattern[at];
    if (letter === "\\") at += 1;
    else if (letter === "{") depth += 1;
    else if (letter === "," && depth === 1) {
      choices.push(pattern.slice(from, at));
      from = at + 1;
    } else if (letter === "}" && --depth === 0) {
      choices.push(pattern.slice(from, at));
      if (choices.length < 2) return undefined;
      return choices.map((choice) => `${pattern.slice(0, open)}${choice}${pattern.slice(at + 1)}`);
    }
  }
  return undefined;
}

function indexOutside(text: string, letter: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === letter) return at;
  }
  return -1;
}
