/** A cell: its text, and its style, applied once its width is known. */
export interface Cell {
  readonly text: string;
  readonly paint?: (text: string) => string;
}

/** Width of a terminal; undefined for a pipe or a file, and for a terminal that does not say (0 by 0). */
export function widthOf({
  columns,
  isTTY,
}: {
  readonly columns?: number;
  readonly isTTY?: boolean;
}): number | undefined {
  return isTTY === true && columns !== undefined && columns > 0 ? columns : undefined;
}

const GAP = 2;
/** Do not wrap a last column narrower than this. */
const NARROWEST = 30;

/**
 * Lines up rows in columns. With a width, wraps the last column at spaces to fit a terminal; without one (a pipe) each
 * row stays one line, as `grep` and `cut` need.
 */
export function table(rows: readonly (readonly Cell[])[], width?: number): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(0, ...rows.map((row) => row[column]?.text.length ?? 0)),
  );
  const indent = widths.slice(0, -1).reduce((sum, each) => sum + each + GAP, 0);
  const room = width === undefined ? Number.POSITIVE_INFINITY : Math.max(NARROWEST, width - indent);
  return rows.map((row) => formatRow(row, widths, indent, room)).join("\n");
}

function formatRow(row: readonly Cell[], widths: readonly number[], indent: number, room: number): string {
  const last = row.length - 1;
  const cells = row.map(({ text, paint = (same) => same }, column) => {
    if (column < last) return `${paint(text)}${" ".repeat((widths[column] ?? 0) - text.length + GAP)}`;
    return wrap(text, room)
      .map((line) => paint(line))
      .join(`\n${" ".repeat(indent)}`);
  });
  return cells.join("").trimEnd();
}

/** Wraps at spaces; a word longer than the room stays whole, so that it can be copied. */
export function wrap(text: string, room: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
