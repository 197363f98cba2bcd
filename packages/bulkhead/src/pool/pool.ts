import { requireArguments } from "../arguments/require.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { withPathsOfNow } from "../policy/absolute-paths.js";
import type { Policy } from "../policy/schema.js";
import { now } from "../sandbox/clock.js";
import { Ends } from "../sandbox/ends/ends.js";
import { argvCheck, copyOptions } from "../sandbox/exec-options.js";
import { launch, type Standing } from "../sandbox/launch.js";
import { policyArgument, policyOfNow } from "../sandbox/options.js";
import { planOfNow, prepare } from "../sandbox/prepare.js";
import { runStanding } from "../sandbox/run.js";
import { type ProgramOptions, programOptions } from "../sandbox/run-options.js";
import type { RunResult } from "../sandbox/run-result.js";
import { Sandbox } from "../sandbox/sandbox.js";
import { boundsOf, type PoolOptions, poolOptions, type TakeOptions, takeOptions } from "./options.js";
import { Stock } from "./stock.js";

/** How a pool does. */
export interface PoolStats {
  /** Stand ready now, are being made now, and should stand ready now. */
  readonly ready: number;
  readonly starting: number;
  readonly target: number;
  /** Handed out since the pool was made: at once, and after one was made. */
  readonly hits: number;
  readonly misses: number;
  /** Ended without having been used: too old, too many, or made from what has changed. */
  readonly discarded: number;
  /** Most that one was seen to use before it was used. */
  readonly eachBytes: number;
}

/** Host files, images and profiles are looked at again when so long has passed: as long as a compiled policy is believed. */
const CHECKED_MS = 2_000;

/**
 * Sandboxes of one policy, made ahead. Each is used once, by one `run` or one `take`, and then destroyed: nothing of one use is ever seen by another.
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
 * The pool grows and shrinks with how often it is asked, within its bounds. When the image, a host file or a profile that the policy names has changed,
 * what was made before is thrown away. What stands ready does not keep this process alive.
 */
export class Pool implements AsyncDisposable {
  readonly #policy: Policy;
  readonly #options: PoolOptions;
  readonly #stock: Stock;
  /** What the sandboxes that stand ready were made from. */
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
   * Makes a pool, and its first sandbox, so that what keeps one from being made is known at once.
   * @throws BulkheadError ARGUMENT_INVALID, POOL_UNSUITABLE for a policy whose sandboxes would have copies of host files that grow old, and what
   * {@link Sandbox.create} throws
   */
  static async create(policy: Policy = {}, options: PoolOptions = {}): Promise<Pool> {
    requireArguments("Pool.create", ["policy", policyArgument, policy], ["options", poolOptions, options]);
    const pool = new Pool(policyOfNow(policy), { ...options });
    await pool.#stock.fill();
    return pool;
  }

  /**
   * Runs one program in a sandbox of its own, which is gone afterwards: `run`, without the wait for a sandbox. Evidence, record and statistics are
   * those of the sandbox that was used; `durationMs` counts from this call.
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
   * A sandbox that nobody has used, as {@link Sandbox.create} makes one; it is the caller's to close.
   * @throws BulkheadError POOL_CLOSED, and as `Sandbox.create`
   */
  async take(options: TakeOptions = {}): Promise<Sandbox> {
    requireArguments("pool.take", ["options", takeOptions, options]);
    const standing = await this.#hand(options.signal);
    const policy = standing.prepared.compiled.level === "microvm" ? withPathsOfNow(this.#policy) : {};
    setImmediate(() => this.#stock.refill());
    return Sandbox.of(standing, { policy, vouched: true });
  }

  stats(): PoolStats {
    const { ready, starting, eachBytes, counts } = this.#stock;
    return { ready, starting, target: this.#stock.target(), ...counts, eachBytes };
  }

  /** Throws away what stands ready, and makes new ones: for what a pool cannot know to have changed. */
  drain(): void {
    this.#stock.drain();
    this.#stock.refill();
  }

  /** Ends what stands ready. What was handed out goes on. Resolves when nothing of it is left. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#stock.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #hand(signal: AbortSignal | undefined): Promise<Standing> {
    if (this.#closed) throw new BulkheadError("POOL_CLOSED");
    // Once for all that ask meanwhile.
    if (now() - this.#checkedAt > CHECKED_MS) {
      this.#checking ??= this.#check().finally(() => {
        this.#checking = undefined;
      });
      await this.#checking;
    }
    return await this.#stock.take(signal);
  }

  /** A plan that would be another today is another wall, root or user: none of the old ones is handed out. */
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
