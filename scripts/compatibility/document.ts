import { LEVELS, type Level } from "bulkhead";
import { isSurprise, type Outcome } from "./outcome.js";
import type { Group, Program } from "./program.js";

/** One program with how it did at the levels that were tried. */
export interface Row {
  readonly group: Group;
  readonly program: Program;
  readonly outcomes: Readonly<Partial<Record<Level, Outcome>>>;
}

/** A row as a line for a terminal; what was not expected is spelt out. */
export function lineOf({ program, outcomes }: Row): string {
  const cells = LEVELS.flatMap((level) => {
    const outcome = outcomes[level];
    if (outcome === undefined) return [];
    const text = outcome.works ? `${outcome.seconds.toFixed(1)} s` : `no (${outcome.seen})`;
    return [`${level} ${isSurprise(program, level, outcome) ? "UNEXPECTED " : ""}${text}`];
  });
  return `${program.name}: ${cells.join("; ")}`;
}

/** The whole of docs/compatibility.md. */
export function documentOf(rows: readonly Row[]): string {
  const titles = [...new Set(rows.map(({ group }) => group.title))];
  const sections = titles.map((title) =>
    section(
      title,
      rows.filter(({ group }) => group.title === title),
    ),
  );
  return `${HEAD}${sections.join("\n")}\n${notes(rows)}`;
}

const HEAD = `# Real programs inside

\`npm run compatibility\` writes this page. It builds images of Debian 12's packages
(\`bulkhead images build-base --packages …\`), runs each program at each level as an ordinary user with no network, and
compares the last line of its output. "yes" means that this line was right. The limits are the defaults, except for the
flags shown and the time limit, which is higher for emulated guests. Level \`microvm\` was QEMU without KVM.

`;

function section(title: string, rows: readonly Row[]): string {
  const head = `## ${title}\n\n| program | ${LEVELS.join(" | ")} | command, in a sandbox with an image of its packages |\n|---|${LEVELS.map(() => "---|").join("")}---|\n`;
  const body = rows.map((row) => {
    const cells = LEVELS.map((level) => (row.outcomes[level]?.works === true ? "yes" : "no"));
    return `| ${row.program.name} | ${cells.join(" | ")} | ${flags(row.program)}${code(row.program.script)} |`;
  });
  return `${head}${body.join("\n")}\n`;
}

/** What does not work, and why. */
function notes(rows: readonly Row[]): string {
  const failing = rows.flatMap(({ program }) =>
    Object.entries(program.fails ?? {}).map(([level, why]) => `| ${program.name} | ${level} | ${why} |`),
  );
  if (failing.length === 0) return "";
  return `## What does not work, and why\n\n| program | level | why |\n|---|---|---|\n${failing.join("\n")}\n`;
}

function flags({ resources = {} }: Program): string {
  const { time: _, ...shown } = resources;
  const text = Object.entries(shown).map(([name, value]) => `--${name} ${value}`);
  return text.length === 0 ? "" : `\`${text.join(" ")}\` `;
}

/** On one line, and with no character that ends a cell or a code span. */
function code(script: string): string {
  const line = script.replace(/\n/g, " ⏎ ").replace(/\|/g, "\\|");
  return line.includes("`") ? `\`\` ${line} \`\`` : `\`${line}\``;
}
