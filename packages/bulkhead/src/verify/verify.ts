import { existsSync } from "node:fs";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { printable } from "../errors/describe.js";
import { confirm } from "../evidence/confirm.js";
import type { EnforcementTable } from "../evidence/enforcement.js";
import { probePath } from "../host/locate.js";
import type { Level } from "../policy/level.js";
import type { Protection } from "../policy/protections.js";
import type { Policy } from "../policy/schema.js";
import { type Explanation, explain, type PrepareOptions } from "../sandbox/prepare.js";
import type { ProcessResult } from "../sandbox/process-result.js";
import { Sandbox } from "../sandbox/sandbox.js";
import { Arena } from "./arena.js";
import type { Attempt, AttemptClass } from "./attempt.js";
import { CATALOGUE } from "./catalogue.js";
import { ANSWERED_BY_SENTRY } from "./sentry.js";

/** What became of one attempt. */
export interface AttemptResult {
  readonly class: AttemptClass | "evidence";
  readonly title: string;
  readonly protection: Protection;
  readonly cve: string | null;
  /** `held`; `failed`: it got what the table says it cannot; `unclaimed`: it did, and the table never said otherwise. */
  readonly status: "held" | "failed" | "unclaimed";
  /** What was seen: how the attempt was stopped, or what it got. */
  readonly detail: string;
}

/** The escape self-test at one level. */
export interface Verification {
  readonly level: Level;
  readonly attempts: readonly AttemptResult[];
  /** No line of the table that says `enforced` was found false. */
  readonly passed: boolean;
}

const PROBE = "/probe";

/**
 * Tries to get out of a sandbox at `level`, in every way of the catalogue, and looks from outside, after each, whether everything is as
 * it was. Every attempt is harmless should it succeed. Throws SETUP_MISSING, and what keeps a sandbox from being made.
 */
export async function verifyLevel(level: Level, options: PrepareOptions = {}): Promise<Verification> {
  if (!existsSync(probePath())) throw new BulkheadError("SETUP_MISSING", { operation: "open", path: probePath() });
  await using arena = await Arena.create();
  const policy: Policy = {
    level,
    resources: { time: "10m" },
    files: [
      { host: probePath(), at: PROBE },
      { host: arena.readOnly, at: "/ro" },
    ],
  };
  const claims = await explain(policy, withoutAmendment(options));
  const attempts: AttemptResult[] = [];
  await using shared = new Shared(policy, options);
  await requireControl(await shared.sandbox());
  for (const attempt of CATALOGUE) {
    attempts.push(await tried(attempt, claims.enforcement, arena, shared, policy, options));
  }
  attempts.push(...(await contradicted(claims, await shared.sandbox())));
  return { level, attempts, passed: attempts.every(({ status }) => status !== "failed") };
}

async function tried(
  attempt: Attempt,
  table: EnforcementTable,
  arena: Arena,
  shared: Shared,
  policy: Policy,
  options: PrepareOptions,
): Promise<AttemptResult> {
  const own =
    attempt.policy === undefined ? undefined : await Sandbox.create({ ...policy, ...attempt.policy }, options);
  try {
    const { held, seen, ...rest } = await judged(attempt, arena, own ?? (await shared.sandbox()));
    const isSentrys = table.level === "gvisor" && seen === "inside" && !held;
    const excuse = isSentrys ? ANSWERED_BY_SENTRY.get(attempt.title) : undefined;
    const detail = excuse === undefined ? rest.detail : `${rest.detail} (${excuse})`;
    const claimed =
      excuse === undefined &&
      table.protections.some((line) => line.protection === attempt.protection && line.status === "enforced");
    const { class: group, title, protection, cve = null } = attempt;
    return { class: group, title, protection, cve, detail, status: held ? "held" : claimed ? "failed" : "unclaimed" };
  } finally {
    await own?.kill();
  }
}

interface Judgement {
  readonly held: boolean;
  readonly detail: string;
  /** Where that shows. */
  readonly seen: "outside" | "inside";
}

/** What is outside decides; what the probe says of itself can only make it worse. */
async function judged(attempt: Attempt, arena: Arena, sandbox: Sandbox): Promise<Judgement> {
  const argv = typeof attempt.argv === "function" ? attempt.argv(arena) : attempt.argv;
  const tty = attempt.tty === true ? { tty: { rows: 24, cols: 80 } } : {};
  const result = await sandbox
    .run([PROBE, ...argv], { ...tty, env: {}, cwd: "/" })
    .catch((error: unknown) => cutShort(error));
  if (typeof result === "string") {
    const damage = await arena.damage();
    // Who may be killed may be killed with everything; for all others the end of the sandbox is more than they should get.
    return { held: damage === undefined && attempt.mayBeKilled === true, detail: damage ?? result, seen: "outside" };
  }
  const { outcome, detail } = said(result);
  const damage = await arena.damage();
  if (damage !== undefined) return { held: false, detail: damage, seen: "outside" };
  const { exitCode, signal } = result;
  const excess = attempt.judge?.({ level: sandbox.level, stats: await sandbox.stats(), exitCode, signal, detail });
  if (excess !== undefined) return { held: false, detail: excess, seen: "outside" };
  const stopped =
    outcome === "refused" || outcome === "absent" || (outcome === "killed" && attempt.mayBeKilled === true);
  return { held: stopped || attempt.outsideOnly === true, detail: oneLine(`${outcome} ${detail}`), seen: "inside" };
}

/** The sandbox that attempts share; another one after an attempt that ended it. */
class Shared implements AsyncDisposable {
  readonly #policy: Policy;
  readonly #options: PrepareOptions;
  #current: Sandbox | undefined;

  constructor(policy: Policy, options: PrepareOptions) {
    this.#policy = policy;
    this.#options = options;
  }

  async sandbox(): Promise<Sandbox> {
    if (this.#current !== undefined && !(await isGone(this.#current))) return this.#current;
    this.#current = await Sandbox.create(this.#policy, this.#options);
    return this.#current;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#current?.kill();
  }
}

async function isGone(sandbox: Sandbox): Promise<boolean> {
  return await sandbox.stats().then(
    () => false,
    () => true,
  );
}

/** An attempt that was the last thing its sandbox did. */
function cutShort(error: unknown): string {
  const ended = error instanceof BulkheadError && (error.code === "SANDBOX_LOST" || error.code === "SANDBOX_CLOSED");
  if (ended) return "the whole sandbox ended";
  throw error;
}

function said({ stdout, stderr, signal, exitCode }: ProcessResult): {
  readonly outcome: string;
  readonly detail: string;
} {
  const line = stdout.split("\n").find((text) => text.startsWith("{"));
  if (line === undefined) {
    return signal === null
      ? { outcome: "silent", detail: `${exitCode} ${stderr}` }
      : { outcome: "killed", detail: signal };
  }
  const { outcome, detail = "", errno } = JSON.parse(line) as { outcome?: string; detail?: string; errno?: number };
  return { outcome: String(outcome), detail: errno === undefined ? String(detail) : `errno ${errno}` };
}

/** What came from inside, fit for a table. */
function oneLine(text: string): string {
  return printable(text.trim().replace(/\s+/g, " ")).slice(0, 120);
}

/** Without a call that gets through, a probe that cannot run at all would look like a wall. */
async function requireControl(sandbox: Sandbox): Promise<void> {
  const { outcome, detail } = said(await sandbox.run([PROBE, "syscall", "control"]));
  if (outcome !== "succeeded") throw new BulkheadError("VERIFY_FAILED", { operation: "control", detail });
}

/** The lines that the broker, looking from outside, does not find in force. */
async function contradicted(
  { enforcement, plan, level }: Explanation,
  sandbox: Sandbox,
): Promise<readonly AttemptResult[]> {
  // At the others the broker looks at the jail of what makes the wall, which has a table of its own.
  const seen =
    level === "chroot" || level === "container"
      ? confirm(enforcement, plan, await sandbox.evidence())
      : sandbox.enforcement;
  return enforcement.protections.flatMap(({ protection, status }, index): readonly AttemptResult[] => {
    if (status !== "enforced") return [];
    const now = seen.protections[index];
    const held = now?.status === "enforced";
    const detail = held ? "in force" : now !== undefined && "why" in now ? now.why : "";
    return [
      {
        class: "evidence",
        title: `the broker sees ${protection}`,
        protection,
        cve: null,
        detail,
        status: held ? "held" : "failed",
      },
    ];
  });
}

/** What is claimed is what the policy comes to; an amendment is what a test does to it behind the table's back. */
function withoutAmendment({ amend: _, ...options }: PrepareOptions): PrepareOptions {
  return options;
}
