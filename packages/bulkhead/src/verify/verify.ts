import { existsSync } from "node:fs";
import { requireArguments } from "../arguments/require.js";
import type { EnforcementTable } from "../enforcement/enforcement.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { probePath } from "../host/locate.js";
import { type Level, levelName } from "../policy/level.js";
import type { Policy } from "../policy/schema.js";
import { explain } from "../sandbox/explain.js";
import { prepareOptions } from "../sandbox/options.js";
import type { PrepareOptions } from "../sandbox/prepare/options.js";
import { Sandbox } from "../sandbox/sandbox.js";
import { Arena } from "./arena.js";
import type { Attempt } from "./attempt.js";
import { CATALOGUE } from "./catalogue.js";
import { seenOutside } from "./outside.js";
import { oneLine, said } from "./report.js";
import type { AttemptResult } from "./result.js";
import { ANSWERED_BY_SENTRY } from "./sentry.js";

/** The escape self-test at one level. */
export interface Verification {
  readonly level: Level;
  readonly attempts: readonly AttemptResult[];
  /** No line of the table that says `enforced` was proved false. */
  readonly passed: boolean;
}

const PROBE = "/probe";

/**
 * Tries every escape of the catalogue in a sandbox at `level`, and after each checks from outside that nothing has
 * changed. Every attempt is harmless even if it succeeds. Throws SETUP_MISSING, and as creating a sandbox does.
 */
export async function verifyLevel(level: Level, options: PrepareOptions = {}): Promise<Verification> {
  requireArguments("verifyLevel", ["level", levelName, level], ["options", prepareOptions, options]);
  return await verifyWith(level, options, async (policy) => await Sandbox.create(policy, options));
}

/** Makes the sandboxes that are attacked. */
export type Create = (policy: Policy) => Promise<Sandbox>;

/** The self-test on sandboxes that `create` makes. What is claimed of them is what `explain` says of their policy. */
export async function verifyWith(level: Level, options: PrepareOptions, create: Create): Promise<Verification> {
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
  const claims = await explain(policy, options);
  const attempts: AttemptResult[] = [];
  await using shared = new Shared(policy, create);
  await requireControl(await shared.sandbox());
  for (const attempt of CATALOGUE) {
    attempts.push(await tried(attempt, claims.enforcement, arena, shared, policy, create));
  }
  attempts.push(...(await seenOutside(claims, await shared.sandbox())));
  return { level, attempts, passed: attempts.every(({ status }) => status !== "failed") };
}

async function tried(
  attempt: Attempt,
  table: EnforcementTable,
  arena: Arena,
  shared: Shared,
  policy: Policy,
  create: Create,
): Promise<AttemptResult> {
  const { class: group, title, protection, cve = null } = attempt;
  const about = { class: group, title, protection, cve } as const;
  const claimed = table.protections.some((line) => line.protection === protection && line.status === "enforced");
  const own = attempt.policy === undefined ? undefined : await ownSandbox({ ...policy, ...attempt.policy }, create);
  if (own === null) return { ...about, status: "unclaimed", detail: "its policy is refused here" };
  try {
    const { held, seen, ...rest } = await judged(attempt, arena, own ?? (await shared.sandbox()));
    const isSentrys = table.level === "gvisor" && seen === "inside" && !held;
    const excuse = isSentrys ? ANSWERED_BY_SENTRY.get(title) : undefined;
    const detail = excuse === undefined ? rest.detail : `${rest.detail} (${excuse})`;
    const counts = claimed && excuse === undefined;
    return { ...about, detail, status: held ? "held" : counts ? "failed" : "unclaimed" };
  } finally {
    await own?.kill();
  }
}

/** Null: this host or level does not meet the policy's requirements. */
async function ownSandbox(policy: Policy, create: Create): Promise<Sandbox | null> {
  try {
    return await create(policy);
  } catch (error) {
    if (error instanceof BulkheadError && error.code === "REQUIREMENT_UNMET") return null;
    throw error;
  }
}

interface Judgement {
  readonly held: boolean;
  readonly detail: string;
  /** Where the effect shows. */
  readonly seen: "outside" | "inside";
}

/** The state outside decides; the probe's own report can only make the result worse. */
async function judged(attempt: Attempt, arena: Arena, sandbox: Sandbox): Promise<Judgement> {
  const argv = typeof attempt.argv === "function" ? attempt.argv(arena) : attempt.argv;
  const tty = attempt.tty === true ? { tty: { rows: 24, cols: 80 } } : {};
  const cgroup = (await sandbox.evidence()).cgroup;
  const result = await sandbox.run([PROBE, ...argv], { ...tty, env: {}, cwd: "/" }).catch(cutShort);
  const damage = await arena.damage();
  if (damage !== undefined) return { held: false, detail: damage, seen: "outside" };
  if (typeof result === "string") {
    // Its earlier gains are unknown, unless ending was the purpose.
    return { held: attempt.mayBeKilled === true, detail: result, seen: "outside" };
  }
  if (arena.isTold(result.stdout + result.stderr)) return { held: false, detail: "it has the secret", seen: "outside" };
  const { outcome, detail, had } = said(result);
  const { exitCode, signal } = result;
  const excess = attempt.judge?.({
    level: sandbox.level,
    stats: await sandbox.stats(),
    cgroup,
    exitCode,
    signal,
    had,
  });
  if (excess !== undefined) return { held: false, detail: excess, seen: "outside" };
  const stopped =
    outcome === "refused" || outcome === "absent" || (outcome === "killed" && attempt.mayBeKilled === true);
  return { held: stopped || attempt.outsideOnly === true, detail: oneLine(`${outcome} ${detail}`), seen: "inside" };
}

/** The sandbox that attempts share; replaced after an attempt that ended it. */
class Shared implements AsyncDisposable {
  readonly #policy: Policy;
  readonly #create: Create;
  #current: Sandbox | undefined;

  constructor(policy: Policy, create: Create) {
    this.#policy = policy;
    this.#create = create;
  }

  async sandbox(): Promise<Sandbox> {
    if (this.#current !== undefined && !(await isGone(this.#current))) return this.#current;
    this.#current = await this.#create(this.#policy);
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

/** Why an attempt could not be made, or ended its sandbox. */
function cutShort(error: unknown): string {
  if (!(error instanceof BulkheadError)) throw error;
  if (error.code === "SANDBOX_LOST" || error.code === "SANDBOX_CLOSED") return "the whole sandbox ended";
  if (error.code.startsWith("EXEC_")) return `it could not be made: ${error.operation}`;
  throw error;
}

/** Without a call that succeeds, a probe that cannot run at all would look like a wall. */
async function requireControl(sandbox: Sandbox): Promise<void> {
  const { outcome, detail } = said(await sandbox.run([PROBE, "syscall", "control"]));
  if (outcome !== "succeeded") throw new BulkheadError("VERIFY_FAILED", { operation: "control", detail });
}
