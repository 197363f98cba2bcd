import {
  type Enforcement,
  type Explanation,
  explain,
  LEVELS,
  loadPolicy,
  type Policy,
  type PrepareOptions,
  printableLine,
} from "bulkhead";
import { changedEnforcement, comparePlans, comparePolicies, type PlanChange } from "bulkhead/policy";
import { type Style, styleFor } from "../output/style.js";
import { type Cell, table, widthOf } from "../output/table.js";
import { finish, jsonLine, print } from "../output/write.js";
import { policyFrom } from "../policy/from-flags.js";
import type { ExplainFlags } from "./flags.js";

/** The subject of the comparison with another policy, or with another level. */
export interface Explained {
  readonly policy: Policy;
  readonly explanation: Explanation;
}

/** Shows what `against`, a level or a policy file, would change; exits with 1 if there is a difference. */
export async function showAgainst(
  before: Explained,
  flags: ExplainFlags,
  against: string,
  options: PrepareOptions,
): Promise<never> {
  const isLevel = LEVELS.some((level) => level === against);
  const policy = isLevel ? await policyFrom({ ...flags, level: against }) : await loadPolicy(against);
  const after = await explain(policy, options);
  const comparison: Comparison = {
    levels: [before.explanation.level, after.level],
    enforcement: changedEnforcement(before.explanation.enforcement, after.enforcement),
    plan: comparePlans(before.explanation.plan, after.plan),
    policy: comparePolicies(before.policy, policy),
  };
  const text =
    flags.json === true
      ? jsonLine(comparison)
      : `${render(comparison, styleFor(process.stdout), widthOf(process.stdout))}\n`;
  await print(process.stdout, text);
  return await finish(isSame(comparison) ? 0 : 1);
}

interface Comparison {
  readonly levels: readonly string[];
  readonly enforcement: ReturnType<typeof changedEnforcement>;
  readonly plan: readonly PlanChange[];
  readonly policy: readonly PlanChange[];
}

function isSame({ enforcement, plan, policy }: Comparison): boolean {
  return enforcement.length + plan.length + policy.length === 0;
}

/** Cuts nothing: two sides that differ at their ends would look the same. */
export function render(comparison: Comparison, style: Style, width?: number): string {
  if (isSame(comparison)) return style.good("No difference.");
  const { levels, enforcement, plan, policy } = comparison;
  const [from = "", to = ""] = levels;
  const paint = { stronger: style.good, weaker: style.bad, same: style.dim };
  const rows = enforcement.flatMap(({ protection, change, before, after }) => [
    [
      { text: protection },
      { text: change === "same" ? "otherwise" : change, paint: paint[change] },
      { text: say(before) },
    ],
    [{ text: "" }, { text: "" }, { text: `now ${say(after)}` }],
  ]);
  const heading = from === to ? `Level ${style.strong(from)}` : `Level ${style.strong(from)} → ${style.strong(to)}`;
  return [
    heading,
    ...section("", rows, width),
    ...section("The plan:", fields(plan), width),
    ...section("Outside the plan:", fields(policy), width),
  ].join("\n");
}

function section(title: string, rows: readonly (readonly Cell[])[], width: number | undefined): readonly string[] {
  return rows.length === 0 ? [] : ["", ...(title === "" ? [] : [title]), table(rows, width)];
}

function fields(changes: readonly PlanChange[]): readonly (readonly Cell[])[] {
  return changes.flatMap(({ field, changes: lines }) =>
    lines.map((line, at) => [{ text: at === 0 ? field : "" }, { text: printableLine(line) }]),
  );
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
