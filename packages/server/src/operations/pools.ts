import { BulkheadError, type ProgramOptions, type RunResult } from "bulkhead";
import type { EnginePool } from "../engine/engine.js";
import type { Project } from "../store/store.js";
import type { BoundedPolicy } from "../tenants/bounded.js";
import { type Core, egressOf } from "./core.js";

/** A pool that no run used for this long ends, and gives its part of the quotas back. */
const IDLE_MS = 900_000;
const CHECK_MS = 60_000;

export interface PoolChoice {
  readonly template: string;
  /** Another one after each change of the template. */
  readonly version: number;
  readonly size: number;
}

/** A program of a run. */
interface PooledProgram {
  readonly argv: readonly string[];
  readonly options: ProgramOptions;
}

/** A pool, and what gives back what its ready sandboxes count against the quotas. */
interface Made {
  readonly pool: EnginePool;
  readonly release: () => void;
}

interface Entry {
  readonly project: Project;
  readonly version: number;
  readonly digest: string;
  readonly made: Promise<Made>;
  /** Of the pool's statistics, what the metrics have. */
  counted: { readonly hits: number; readonly misses: number };
  usedAt: number;
}

/** Sandboxes that stand ready: one pool for each project and template, so that tenants share none. */
export class Pools {
  readonly #core: Core;
  readonly #entries = new Map<string, Entry>();
  readonly #timer: NodeJS.Timeout;

  constructor(core: Core) {
    this.#core = core;
    this.#timer = setInterval(() => void this.#closeIdle().catch(core.onError), CHECK_MS).unref();
  }

  /**
   * Runs a program in a ready sandbox of the template's pool, which its first run creates. Where the quotas have no
   * room for the pool, or the template is another one by now, in a sandbox of its own.
   * @throws BulkheadError POOL_UNSUITABLE, and as the library's `run`
   */
  async run(project: Project, choice: PoolChoice, bounded: BoundedPolicy, program: PooledProgram): Promise<RunResult> {
    // Without this a run that read the template before it changed would bring the old pool back.
    const row = await this.#core.store.template(project.id, choice.template);
    if (row?.createdAt !== choice.version) return await this.#alone(project, bounded, program);
    const entry = this.#entry(project, choice, bounded);
    const made = await entry.made.catch((error: unknown) => {
      if (!(error instanceof BulkheadError) || error.code !== "QUOTA_EXCEEDED") throw error;
    });
    if (made === undefined) return await this.#alone(project, bounded, program);
    const { pool } = made;
    const { argv, options } = program;
    try {
      return await pool.run(argv, options);
    } catch (error) {
      if (!(error instanceof BulkheadError) || error.code !== "POOL_CLOSED") throw error;
      // The template changed meanwhile: this run has the policy that it asked for.
      return await this.#alone(project, bounded, program);
    } finally {
      this.#count(entry, pool);
    }
  }

  async #alone({ id }: Project, { policy }: BoundedPolicy, { argv, options }: PooledProgram): Promise<RunResult> {
    return await this.#core.engine.run(policy, argv, { ...options, egress: egressOf(this.#core, id) });
  }

  #count(entry: Entry, pool: EnginePool): void {
    const { hits, misses } = pool.stats();
    this.#core.metrics.pooled(entry.project.id, hits - entry.counted.hits, misses - entry.counted.misses);
    entry.counted = { hits, misses };
  }

  #entry(project: Project, choice: PoolChoice, bounded: BoundedPolicy): Entry {
    const key = keyOf(project.id, choice.template);
    const known = this.#entries.get(key);
    const { version } = choice;
    // A template that was removed and put again in one millisecond has the version of before.
    if (known?.version === version && known.digest === bounded.digest) {
      known.usedAt = Date.now();
      return known;
    }
    const ended = known === undefined ? undefined : this.#end(key, known);
    const made = this.#make(project, choice.size, bounded, ended);
    const counted = { hits: 0, misses: 0 };
    const entry: Entry = { project, version, digest: bounded.digest, made, counted, usedAt: Date.now() };
    this.#entries.set(key, entry);
    made.catch(() => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
    });
    return entry;
  }

  async #make(project: Project, size: number, { policy, memoryBytes }: BoundedPolicy, before?: Promise<void>) {
    await before;
    const { quotas, engine } = this.#core;
    const release = quotas.reserveSeveral(project, size, memoryBytes, Date.now());
    try {
      const egress = egressOf(this.#core, project.id);
      return { pool: await engine.pool(policy, { min: size, max: size, egress }), release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Ends the ready sandboxes of a template. */
  async close(project: string, template: string): Promise<void> {
    const key = keyOf(project, template);
    const entry = this.#entries.get(key);
    if (entry !== undefined) await this.#end(key, entry);
  }

  async #end(key: string, { made }: Entry): Promise<void> {
    this.#entries.delete(key);
    // One that could not be created has nothing to close.
    const { pool, release } = (await made.catch(() => undefined)) ?? {};
    await pool?.close().finally(release);
  }

  async #closeIdle(): Promise<void> {
    const old = Date.now() - IDLE_MS;
    for (const [key, entry] of this.#entries) if (entry.usedAt < old) await this.#end(key, entry);
  }

  async closeAll(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.allSettled([...this.#entries].map(async ([key, entry]) => await this.#end(key, entry)));
  }
}

function keyOf(project: string, template: string): string {
  return `${project} ${template}`;
}
