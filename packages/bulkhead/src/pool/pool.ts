import { requireArguments } from "../arguments/require.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { withPathsOfNow } from "../policy/absolute-paths.js";
import type { Policy } from "../policy/schema.js";
import { launch, type Standing } from "../sandbox/launch.js";
import { policyArgument, policyOfNow } from "../sandbox/options.js";
import { planOfNow, prepare } from "../sandbox/prepare/prepare.js";
import { runStanding } from "../sandbox/run.js";
import { type ProgramOptions, programOptions } from "../sandbox/run-options.js";
import type { RunResult } from "../sandbox/run-result.js";
import { type Sandbox, sandboxOf } from "../sandbox/sandbox.js";
import { now } from "../session/clock.js";
import { Ends } from "../session/ends/ends.js";
import { argvCheck, copyOptions } from "../session/exec-options.js";
import { boundsOf, type PoolOptions, poolOptions, type TakeOptions, takeOptions } from "./options.js";
import { Stock } from "./stock.js";

/** Statistics of a pool. */
export interface PoolStats {
  /** Sandboxes that are ready, are starting, and should be ready now. */
  readonly ready: number;
  readonly starting: number;
  readonly target: number;
  /** Sandboxes handed out since the pool was created: at once, and after waiting for a start. */
  readonly hits: number;
  readonly misses: number;
  /** Sandboxes ended without use: too old, too many, or created from inputs that have changed. */
  readonly discarded: number;
  /** Peak memory seen in one sandbox before its use. */
  readonly eachBytes: number;
}

/** Check host files, images and profiles again after this time, which is how long a compiled policy is reused. */
const CHECKED_MS = 2_000;

/**
 * Sandboxes of one policy, created ahead of use. One `run` or one `take` uses each once, and then it is destroyed: no
 * use ever sees anything of another.
 *
 * ```ts
 * const pool = await Pool.create({ level: "container" });
 * try {
 *   const { stdout } = await pool.run(["uname", "-a"]);
 * } finally {
 *   await pool.close();
 * }
 * ```
 *
 * The pool grows and shrinks with demand, within its bounds. If the image, a host file or a profile that the policy
 * names changes, the pool discards the sandboxes created before. Ready sandboxes do not keep this process alive.
 */
export class Pool implements AsyncDisposable {
  readonly #policy: Policy;
  readonly #options: PoolOptions;
  readonly #stock: Stock;
  /** Digest of the plan that the ready sandboxes were created from. */
  #plan: string | undefined;
  #checkedAt = now();
  #checking: Promise<void> | undefined;
  #closed = false;

  private constructor(policy: Policy, options: PoolOptions) {
    this.#policy = policy;
    this.#options = options;
    this.#stock = new Stock(() => this.#make(), boundsOf(options));
  }

  /**
   * Creates a pool and its first sandbox, so that a launch failure shows at once.
   * @throws BulkheadError ARGUMENT_INVALID, POOL_UNSUITABLE for a policy whose sandboxes would hold copies of host
   * files that grow stale, and as {@link Sandbox.create} does
   */
  static async create(policy: Policy = {}, options: PoolOptions = {}): Promise<Pool> {
    requireArguments("Pool.create", ["policy", policyArgument, policy], ["options", poolOptions, options]);
    const pool = new Pool(policyOfNow(policy), { ...options });
    await pool.#stock.fill();
    return pool;
  }

  /**
   * Runs one program in its own sandbox, which is destroyed afterwards: as `run`, without the wait for a launch.
   * Evidence, record and statistics are those of the sandbox used; `durationMs` counts from this call.
   * @throws BulkheadError POOL_CLOSED, and as `run`
   */
  async run(argv: readonly string[], options: ProgramOptions = {}): Promise<RunResult> {
    const startedAt = now();
    requireArguments("pool.run", ["argv", argvCheck, argv], ["options", programOptions, options]);
    const chosen = copyOptions(options);
    using ends = new Ends("run", chosen);
    const standing = await this.#hand(chosen.signal);
    const asked = {
      argv: [...argv],
      policy: this.#policy,
      options: chosen,
      broker: this.#options.broker,
      ends,
      startedAt,
    };
    try {
      return await runStanding(standing, asked);
    } finally {
      this.#stock.refill();
    }
  }

  /**
   * Returns an unused sandbox, as {@link Sandbox.create} creates it; the caller must close it.
   * @throws BulkheadError POOL_CLOSED, and as `Sandbox.create`
   */
  async take(options: TakeOptions = {}): Promise<Sandbox> {
    requireArguments("pool.take", ["options", takeOptions, options]);
    const standing = await this.#hand(options.signal);
    const policy = standing.prepared.compiled.level === "microvm" ? withPathsOfNow(this.#policy) : {};
    setImmediate(() => this.#stock.refill());
    return sandboxOf(standing, { policy, vouched: true });
  }

  stats(): PoolStats {
    const { ready, starting, eachBytes, counts } = this.#stock;
    return { ready, starting, target: this.#stock.target(), ...counts, eachBytes };
  }

  /** Discards the ready sandboxes and creates new ones: for changes that a pool cannot detect. */
  drain(): void {
    this.#stock.drain();
    this.#stock.refill();
  }

  /** Ends the ready sandboxes. Those handed out continue. Resolves when nothing of the pool is left. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#stock.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #hand(signal: AbortSignal | undefined): Promise<Standing> {
    if (this.#closed) throw new BulkheadError("POOL_CLOSED");
    // One check serves all concurrent requests.
    if (now() - this.#checkedAt > CHECKED_MS) {
      this.#checking ??= this.#check().finally(() => {
        this.#checking = undefined;
      });
      await this.#checking;
    }
    return await this.#stock.take(signal);
  }

  /** A different plan means a different wall, root or user, so none of the old sandboxes is handed out. */
  async #check(): Promise<void> {
    const plan = keyOf(await planOfNow(this.#policy, this.#options));
    this.#checkedAt = now();
    if (plan === this.#plan) return;
    this.#plan = plan;
    this.#stock.drain();
  }

  async #make(): Promise<Standing> {
    const prepared = await prepare(this.#policy, this.#options);
    if (prepared.copiesHostFiles) {
      prepared.discard();
      throw new BulkheadError("POOL_UNSUITABLE", { operation: "prepare", detail: "copies of host files" });
    }
    this.#plan ??= keyOf(prepared.compiledPlan);
    return await launch(prepared, undefined);
  }
}

function keyOf(plan: object): string {
  return JSON.stringify({ ...plan, id: "" });
}
