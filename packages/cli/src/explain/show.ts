import { type Enforcement, type Explanation, explain, printableLine } from "bulkhead";
import { PURPOSES, planJsonSchema } from "bulkhead/policy";
import { defined } from "../defined.js";
import { EXIT } from "../exit-codes.js";
import { imageOptions } from "../images/flags.js";
import { progressOn } from "../images/progress.js";
import { saidMaxima } from "../output/maxima.js";
import { ownPartRows } from "../output/own-parts.js";
import { type Style, styleFor } from "../output/style.js";
import { type Cell, table, widthOf, wrap } from "../output/table.js";
import { finish, jsonLine, print } from "../output/write.js";
import { policyFrom } from "../policy/from-flags.js";
import type { ExplainFlags } from "./flags.js";

/** Prints the plan and protections of a policy here; exits with 125 if it would be refused. */
export async function showExplanation(flags: ExplainFlags): Promise<void> {
  if (flags.planSchema === true) {
    await print(process.stdout, jsonLine(await planJsonSchema(), 2));
    return await finish(0);
  }
  const progress = progressOn(process.stderr, false);
  const options = {
    images: imageOptions(flags, progress.onEvent),
    ...defined({ broker: flags.broker }),
  };
  const policy = await policyFrom(flags);
  const explanation = await explain(policy, options).finally(() => progress.stop());
  if (flags.against !== undefined) {
    const { showAgainst } = await import("./against.js");
    return await showAgainst({ policy, explanation }, flags, flags.against, options);
  }
  await print(process.stdout, render(explanation, flags));
  await finish(explanation.unmet.length === 0 ? 0 : EXIT.bulkhead);
}

function render(explanation: Explanation, flags: ExplainFlags): string {
  if (flags.json === true) return jsonLine({ ...explanation, purposes: PURPOSES });
  if (flags.plan === true) return jsonLine(explanation.plan, 2);
  return `${renderTable(explanation, styleFor(process.stdout), widthOf(process.stdout), flags.why === true)}\n`;
}

/** The table for people; `width` is the terminal's, or undefined. */
export function renderTable(
  { level, enforcement, unmet, notes, fileNotes, ownParts, leftOut, maxima, lowered }: Explanation,
  style: Style,
  width: number | undefined,
  why = false,
): string {
  const weakPoint = wrap(`Weak point: ${enforcement.weakPoint}`, width ?? Number.POSITIVE_INFINITY).join("\n");
  const rows = enforcement.protections.flatMap((line) => [
    row(line, style),
    ...(why ? [[{ text: "" }, { text: "" }, { text: PURPOSES[line.protection], paint: style.dim }]] : []),
  ]);
  const refused = unmet.map(({ protection }) => protection).join(", ");
  return [
    `Level ${style.strong(level)}`,
    weakPoint,
    "",
    table(rows, width),
    "",
    "Bulkhead's own processes, where the run needs them:",
    table(ownPartRows(ownParts, style), width),
    ...(maxima === null ? [] : ["", `The broker's owner allows at most ${saidMaxima(maxima)}.`]),
    ...lowered.map((note) => style.doubtful(note)),
    ...(notes.length === 0 ? [] : ["", ...notes.map((note) => `Image: ${printableLine(note)}`)]),
    ...(fileNotes.length === 0 ? [] : ["", ...fileNotes.map((note) => `Files: ${printableLine(note)}`)]),
    ...leftOutLines(leftOut, why),
    ...(unmet.length === 0
      ? []
      : ["", style.bad(`Refused: the policy requires ${refused}, which would not be enforced.`)]),
  ].join("\n");
}

function row(line: Enforcement, style: Style): readonly Cell[] {
  const name = { text: line.protection };
  switch (line.status) {
    case "enforced":
      return [name, { text: "enforced", paint: style.good }, { text: line.by }];
    case "weaker":
      return [name, { text: "weaker", paint: style.doubtful }, { text: `${line.by}: ${line.why}. ${line.remedy}` }];
    case "cannot":
      return [name, { text: "cannot", paint: style.bad }, { text: `${line.why}. ${line.remedy}` }];
  }
}

/** For the host's own root: how many files and directories are hidden for each reason; with `why`, each of them. */
function leftOutLines(leftOut: Explanation["leftOut"], why: boolean): readonly string[] {
  if (leftOut.length === 0) return [];
  const reasons = new Set(leftOut.map((one) => one.why));
  const lines = [...reasons].flatMap((reason) => {
    const paths = leftOut.filter((one) => one.why === reason);
    const count = String(paths.length).padStart(4);
    return [`${count}  ${reason}`, ...(why ? paths.map(({ path }) => `      ${printableLine(path)}`) : [])];
  });
  const more = why ? "" : " (--why and --json name them)";
  return ["", `Left out of /etc and /var/lib${more}:`, ...lines];
}
