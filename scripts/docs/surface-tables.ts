/** The tables of docs/surface.md, from docs/surface.json: what `bulkhead surface` counted on the test machine. */

export interface MeasuredSurface {
  readonly machine: { readonly kernel: string; readonly date: string };
  readonly columns: readonly string[];
  readonly rows: readonly { readonly what: string; readonly counts: readonly (number | null)[] }[];
}

type Line = readonly [label: string, ...measures: readonly string[]];

const LEVELS: readonly Line[] = [
  ["reach", "host kernel: reach"],
  ["calls of the workload", "host kernel: calls of the workload"],
  ["calls of the wall", "host kernel: calls of the wall"],
  ["shared namespaces", "host kernel: shared namespaces"],
];

const OTHERS: readonly Line[] = [
  ["system calls that answer, of 383", "system calls that answer"],
  ["capabilities held; to be gained from a set-user-id program", "capabilities", "capabilities within reach"],
  ["files to read in /proc; in /sys", "files in /proc to read", "files in /sys to read"],
  ["files in /proc and /sys to write", "files in /proc and /sys to write"],
  ["namespaces to be made", "namespaces to be made"],
  ["kinds of sockets, of 21", "kinds of sockets"],
  ["ioctls that were ways out, of eight", "ioctls that matter"],
];

/** The table of each name that the document marks. */
export function surfaceTables(measured: MeasuredSurface): Readonly<Record<"levels" | "others", string>> {
  return {
    levels: table(measured, ["chroot", "container", "gvisor", "microvm"], LEVELS),
    others: table(measured, ["bare process", "bubblewrap", "container"], OTHERS),
  };
}

/** The document with its tables in place of those that it has. */
export function withSurfaceTables(document: string, measured: MeasuredSurface): string {
  const tables = surfaceTables(measured);
  return document.replace(
    /(<!-- surface: (levels|others) -->\n)[\s\S]*?(\n<!-- \/surface -->)/g,
    (_, start: string, name: "levels" | "others", end: string) => `${start}${tables[name]}${end}`,
  );
}

function table(measured: MeasuredSurface, columns: readonly string[], lines: readonly Line[]): string {
  const rows = lines.map(([label, ...measures]) => {
    const cells = columns.map((column) => measures.map((what) => countOf(measured, what, column)).join("; "));
    return `|${[label, ...cells].map((cell) => (cell === "" ? " " : ` ${cell} `)).join("|")}|`;
  });
  return [`| | ${columns.join(" | ")} |`, `|${"---|".repeat(columns.length + 1)}`, ...rows].join("\n");
}

/** Empty where it was not measured. */
export function countOf({ columns, rows }: MeasuredSurface, what: string, column: string): string {
  return rows.find((row) => row.what === what)?.counts[columns.indexOf(column)]?.toLocaleString("en") ?? "";
}
