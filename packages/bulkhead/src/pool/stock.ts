import { aborted } from "../errors/aborted.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import type { Standing } from "../sandbox/launch.js";
import { now } from "../session/clock.js";
import { after, type Timer } from "../session/timer.js";
import { Demand } from "./demand.js";
import type { Bounds } from "./options.js";

/** A ready sandbox; it is used at most once. */
interface Unused {
  readonly standing: Standing;
  readonly madeAt: number;
  alive: boolean;
}

/** A request that waits for a sandbox. */
interface Waiter {
  readonly give: (standing: Standing) => void;
  readonly refuse: (error: unknown) => void;
}

/** Delay after a failure in the background; doubles each time. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** How often to check whether fewer are needed, or some are too old. */
const REVIEW_MS = 5_000;

/** Creates sandboxes ahead of use and hands each out once. */
export class Stock {
  readonly #make: () => Promise<Standing>;
  readonly #bounds: Bounds;
  readonly #demand = new Demand();
  #ready: Unused[] = [];
  readonly #waiting: Waiter[] = [];
  readonly #starting = new Set<Promise<void>>();
  readonly #ending = new Set<Promise<unknown>>();
  /** A start begun in an earlier generation is discarded when it completes. */
  #generation = 0;
  /** Peak memory seen in one, so that the budget rests on measurement. */
  #eachBytes = 1;
  #pauseMs = 0;
  #resumeAt = 0;
  #closed = false;
  #review: Timer | undefined;
  readonly counts = { hits: 0, misses: 0, discarded: 0 };

  constructor(make: () => Promise<Standing>, bounds: Bounds) {
    this.#make = make;
    this.#bounds = bounds;
  }

  get ready(): number {
    return this.#ready.length;
  }

  get starting(): number {
    return this.#starting.size;
  }

  get eachBytes(): number {
    return this.#eachBytes;
  }

  /** How many should be ready now. */
  target(): number {
    const { min, max, memoryBytes } = this.#bounds;
    const wanted = Math.min(max, Math.max(min, Math.ceil(this.#demand.wanted(now()))));
    return Math.min(wanted, Math.floor(memoryBytes / this.#eachBytes));
  }

  /** Creates the first sandbox, so that a failure shows. @throws BulkheadError as creating one does */
  async fill(): Promise<void> {
    await new Promise<void>((resolve, refuse) => {
      const give = (standing: Standing) => {
        this.#keep(standing);
        resolve();
      };
      this.#waiting.push({ give, refuse });
      this.#start();
    });
  }

  /** A ready sandbox, or the next to be created. @throws BulkheadError as creating one does, and ABORTED */
  async take(signal: AbortSignal | undefined): Promise<Standing> {
    this.#demand.arrived(now());
    const found = this.#takeReady();
    this.counts[found === undefined ? "misses" : "hits"] += 1;
    const standing = found ?? (await this.#wait(signal));
    standing.live.hold();
    return standing;
  }

  /** Starts missing sandboxes in the background, when nothing else comes first. */
  refill(): void {
    this.#review ??= after(REVIEW_MS, () => this.#reviewNow(), { idle: true });
    while (!this.#closed && this.#lacks()) this.#start();
  }

  /** Discards all sandboxes created or starting until now. */
  drain(): void {
    this.#generation += 1;
    for (const unused of this.#ready.splice(0)) this.#discard(unused.standing);
  }

  /** Resolves when nothing is left. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#review?.stop();
    this.drain();
    for (const waiter of this.#waiting.splice(0)) waiter.refuse(new BulkheadError("POOL_CLOSED"));
    await Promise.allSettled(this.#starting);
    await Promise.allSettled(this.#ending);
  }

  #takeReady(): Standing | undefined {
    for (let unused = this.#ready.shift(); unused !== undefined; unused = this.#ready.shift()) {
      if (this.#isUsable(unused)) return unused.standing;
      this.#discard(unused.standing);
    }
    return undefined;
  }

  #isUsable({ alive, madeAt }: Unused): boolean {
    return alive && now() - madeAt <= this.#bounds.maxAgeMs;
  }

  async #wait(signal: AbortSignal | undefined): Promise<Standing> {
    return await new Promise<Standing>((resolve, reject) => {
      const leave = () => {
        const index = this.#waiting.indexOf(waiter);
        if (index >= 0) this.#waiting.splice(index, 1);
        reject(aborted("take from the pool", signal));
      };
      const done = () => signal?.removeEventListener("abort", leave);
      const waiter: Waiter = {
        give: (standing) => {
          done();
          resolve(standing);
        },
        refuse: (error) => {
          done();
          reject(error);
        },
      };
      signal?.addEventListener("abort", leave, { once: true });
      this.#waiting.push(waiter);
      // A waiting request gets its own start, whatever the bounds are: without a pool it would have one.
      if (this.#starting.size < this.#waiting.length) this.#start();
    });
  }

  #lacks(): boolean {
    const { starts, max } = this.#bounds;
    const coming = this.#starting.size;
    const room = coming < starts && this.#ready.length + coming < max;
    return room && now() >= this.#resumeAt && this.#ready.length + coming < this.target() + this.#waiting.length;
  }

  #start(): void {
    const generation = this.#generation;
    const beganAt = now();
    const made = this.#make().then(
      (standing) => this.#made(standing, generation, now() - beganAt),
      (error: unknown) => this.#failed(error),
    );
    const start = made.finally(() => {
      this.#starting.delete(start);
      this.refill();
    });
    this.#starting.add(start);
  }

  #made(standing: Standing, generation: number, tookMs: number): void {
    this.#demand.started(tookMs);
    this.#pauseMs = 0;
    if (this.#closed || generation !== this.#generation) {
      this.#discard(standing);
      // A request that waits for it gets another.
      if (!this.#closed && this.#starting.size <= this.#waiting.length && this.#waiting.length > 0) this.#start();
      return;
    }
    // A program with nothing else to do may end; an unused sandbox must not keep it alive.
    standing.live.letGo();
    const waiter = this.#waiting.shift();
    if (waiter !== undefined) waiter.give(standing);
    else if (this.#ready.length < this.#bounds.max) this.#keep(standing);
    // The request that it was started for has left, and others already fill the pool.
    else this.#discard(standing);
  }

  #keep(standing: Standing): void {
    const unused: Unused = { standing, madeAt: now(), alive: true };
    const ended = () => {
      unused.alive = false;
    };
    standing.live.running.ended.then(ended, ended);
    this.#ready.push(unused);
    this.#measure(standing);
  }

  #measure({ live, prepared }: Standing): void {
    live.running.stats().then(
      ({ memoryBytes }) => {
        const helpers = (prepared.egress?.memoryBytes() ?? 0) + (prepared.writeBack?.memoryBytes() ?? 0);
        this.#eachBytes = Math.max(this.#eachBytes, (memoryBytes ?? 0) + helpers);
      },
      () => undefined, // it has ended, which is noticed when it is handed out
    );
  }

  #failed(error: unknown): void {
    const waiter = this.#waiting.shift();
    if (waiter !== undefined) {
      waiter.refuse(error);
      return;
    }
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, this.#pauseMs * 2));
    this.#resumeAt = now() + this.#pauseMs;
  }

  #discard({ live }: Standing): void {
    this.counts.discarded += 1;
    live.kill(new BulkheadError("SANDBOX_CLOSED", { operation: "discard from the pool" }));
    const ending = live.running.ended.catch(() => undefined).finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  /** Removes one at a time: a pause is no reason to discard all. */
  #reviewNow(): void {
    this.#review = undefined;
    const kept = this.#ready.filter((unused) => this.#isUsable(unused));
    if (kept.length > this.target()) kept.shift();
    for (const unused of this.#ready) if (!kept.includes(unused)) this.#discard(unused.standing);
    this.#ready = kept;
    this.refill();
  }
}
