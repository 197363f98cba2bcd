import {
  changedEnforcement,
  changedFields,
  type Enforcement,
  type Explanation,
  explain,
  LEVELS,
  loadPolicy,
  type PrepareOptions,
  printable,
} from "bulkhead";
import type { ExplainFlags } from "../commands/explain.js";
import { type Style, styleFor } from "../output/style.js";
import { table } from "../output/table.js";
import { finish, jsonLine, print } from "../output/write.js";
import { policyFrom } from "../policy/from-flags.js";

/** Of plans, what is another each time. */
const RANDOM = new Set(["id", "inner.id"]);

/** Shows what `against`, a level or the file of a policy, would change; ends with 1 if that is anything. */
export async function showAgainst(
  before: Explanation,
  flags: ExplainFlags,
  against: string,
  options: PrepareOptions,
): Promise<never> {
  const isLevel = LEVELS.some((level) => level === against);
  const policy = isLevel ? await policyFrom({ ...flags, level: against }) : await loadPolicy(against);
  const after = await explain(policy, options);
  const enforcement = changedEnforcement(before.enforcement, after.enforcement);
  const plan = changedFields(before.plan, after.plan).filter(({ field }) => !RANDOM.has(field));
  const comparison = { levels: [before.level, after.level], enforcement, plan };
  await print(
    process.stdout,
    flags.json === true ? jsonLine(comparison) : `${render(comparison, styleFor(process.stdout))}\n`,
  );
  return await finish(enforcement.length + plan.length === 0 ? 0 : 1);
}

interface Comparison {
  readonly levels: readonly string[];
  readonly enforcement: ReturnType<typeof changedEnforcement>;
  readonly plan: ReturnType<typeof changedFields>;
}

const LONGEST = 100;

export function render({ levels: [from = "", to = ""], enforcement, plan }: Comparison, style: Style): string {
  if (enforcement.length + plan.length === 0) return style.good("Nothing would change.");
  const paint = { stronger: style.good, weaker: style.bad, same: style.dim };
  const rows = enforcement.flatMap(({ protection, change, before, after }) => [
    [
      { text: protection },
      { text: change === "same" ? "otherwise" : change, paint: paint[change] },
      { text: say(before) },
    ],
    [{ text: "" }, { text: "" }, { text: `now ${say(after)}` }],
  ]);
  const fields = plan.map(({ field, before, after }) => [{ text: field }, { text: `${cut(before)} -> ${cut(after)}` }]);
  return [
    `Level ${style.strong(from)}, and then ${style.strong(to)}`,
    ...(rows.length === 0 ? [] : ["", table(rows)]),
    ...(fields.length === 0 ? [] : ["", "The plan:", table(fields)]),
  ].join("\n");
}

function say(line: Enforcement): string {
  switch (line.status) {
    case "enforced":
      return `enforced: ${line.by}`;
    case "weaker":
      return `weaker: ${line.by}: ${line.why}`;
    case "cannot":
      return `cannot: ${line.why}`;
  }
}

function cut(value: string | null): string {
  const text = printable(value ?? "nothing");
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
