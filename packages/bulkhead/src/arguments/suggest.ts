/** The name that the writer of `wrong` most likely meant; undefined if none is close. */
export function suggest(wrong: string, names: readonly string[]): string | undefined {
  const lower = wrong.toLowerCase();
  const near = names
    .map((name) => ({ name, distance: distance(lower, name.toLowerCase()) }))
    .filter(({ name, distance: steps }) => steps <= Math.max(1, Math.floor(Math.min(wrong.length, name.length) / 3)))
    .sort((one, other) => one.distance - other.distance);
  return near[0]?.name;
}

/** Number of letters to add, remove, replace or swap with the next one. */
function distance(from: string, to: string): number {
  // A hostile name must not cost much time.
  if (from.length > 64 || to.length > 64) return Number.POSITIVE_INFINITY;
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let line = 1; line <= from.length; line++) {
    const next = [line];
    for (let column = 1; column <= to.length; column++) {
      const same = from[line - 1] === to[column - 1];
      const swapped = from[line - 1] === to[column - 2] && from[line - 2] === to[column - 1];
      const best = Math.min(
        (row[column - 1] ?? 0) + (same ? 0 : 1),
        (row[column] ?? 0) + 1,
        (next[column - 1] ?? 0) + 1,
      );
      next.push(swapped ? Math.min(best, (before[column - 2] ?? 0) + 1) : best);
    }
    before = row;
    row = next;
  }
  return row[to.length] ?? Number.POSITIVE_INFINITY;
}
