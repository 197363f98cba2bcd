/** Differences between two lists of words: `- mkdir, - mkdirat`. Reports the order only if both hold the same words. */
export function listChanges(before: readonly unknown[], after: readonly unknown[]): readonly string[] {
  const gone = missingIn(after, before);
  const added = missingIn(before, after);
  if (gone.length + added.length === 0) return ["the same, in another order"];
  return [signed("-", gone), signed("+", added)].filter((line) => line !== "");
}

/** `- a, - b`: a sign before each, because a terminal may break the line anywhere. */
export function signed(sign: "-" | "+" | "~", words: readonly string[]): string {
  return words.map((word) => `${sign} ${word}`).join(", ");
}

/** Each element as many times as `from` has it more often than `among`. */
function missingIn(among: readonly unknown[], from: readonly unknown[]): readonly string[] {
  const left = among.map(word);
  return from.map(word).filter((each) => {
    const at = left.indexOf(each);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

function word(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
