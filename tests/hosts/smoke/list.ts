import { writeFileSync } from "node:fs";

/** Tests as vitest would name them, without its start-up time: see suites.ts. */
export interface Case {
  readonly name: string;
  /** Throws to fail; returns a reason to be skipped. */
  readonly check: () => Promise<string | undefined> | Promise<void> | void;
}

/** Cases that make sense only where the first of them passes. */
export interface Group {
  readonly gate: Case;
  readonly cases: readonly Case[];
}

/** What one case came to, in the words of vitest's JSON report. */
interface Finding {
  readonly fullName: string;
  readonly status: "passed" | "failed" | "pending";
  readonly failureMessages: readonly string[];
}

/** Runs all, tells of what does not pass, and leaves the report where the machine takes it from. */
export async function runList(name: string, groups: readonly Group[]): Promise<void> {
  const findings: Finding[] = [];
  for (const { gate, cases } of groups) {
    const first = await tell(gate);
    findings.push(first);
    for (const one of cases) findings.push(first.status === "passed" ? await tell(one) : skipped(one, gate));
  }
  const failed = findings.some(({ status }) => status === "failed");
  console.log(`${findings.length} cases in ${(performance.now() / 1000).toFixed(1)} s`);
  const report = { testResults: [{ name, status: failed ? "failed" : "passed", assertionResults: findings }] };
  const file = process.env["BULKHEAD_HOSTS_RESULT"];
  if (file !== undefined) writeFileSync(file, JSON.stringify(report));
  process.exit(failed ? 1 : 0);
}

async function tell(one: Case): Promise<Finding> {
  const began = performance.now();
  const finding = await find(one);
  const took = `${((performance.now() - began) / 1000).toFixed(1)} s`;
  console.log([`${finding.status} ${one.name} (${took})`, ...finding.failureMessages].join(": "));
  return finding;
}

function skipped({ name }: Case, gate: Case): Finding {
  return { fullName: name, status: "pending", failureMessages: [`${gate.name}: failed`] };
}

async function find({ name, check }: Case): Promise<Finding> {
  try {
    const reason = await check();
    return typeof reason === "string"
      ? { fullName: name, status: "pending", failureMessages: [reason] }
      : { fullName: name, status: "passed", failureMessages: [] };
  } catch (error) {
    return { fullName: name, status: "failed", failureMessages: [describe(error)] };
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? `${String(error.code)} ` : "";
  return `${code}${error.message}`.replaceAll(/\s*\n\s*/g, " ");
}
