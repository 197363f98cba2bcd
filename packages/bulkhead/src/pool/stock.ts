import { aborted } from "../errors/aborted.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { now } from "../sandbox/clock.js";
import type { Standing } from "../sandbox/launch.js";
import { after, type Timer } from "../sandbox/timer.js";
import { Demand } from "./demand.js";
import type { Bounds } from "./options.js";

/** A sandbox that nobody has used, and nobody will use twice. */
interface Unused {
  readonly standing: Standing;
  readonly madeAt: number;
  alive: boolean;
}

/** What waits for a sandbox. */
interface Waiter {
  readonly give: (standing: Standing) => void;
  readonly refuse: (error: unknown) => void;
}

/** After a failure in the background, until the next try; doubled each time. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** How often it is looked whether fewer are needed, or some are too old. */
const REVIEW_MS = 5_000;

/** Makes sandboxes ahead and hands each out once. */
export class Stock {
  readonly #make: () => Promise<Standing>;
  readonly #bounds: Bounds;
  readonly #demand = new Demand();
  #ready: Unused[] = [];
  readonly #waiting: Waiter[] = [];
  readonly #starting = new Set<Promise<void>>();
  readonly #ending = new Set<Promise<unknown>>();
  /** What was begun before it is thrown away when it is made. */
  #generation = 0;
  /** Largest that one was seen to use, so that the budget is kept by measurement. */
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

  /** How many should stand ready now. */
  target(): number {
    const { min, max, memoryBytes } = this.#bounds;
    const wanted = Math.min(max, Math.max(min, Math.ceil(this.#demand.wanted(now()))));
    return Math.min(wanted, Math.floor(memoryBytes / this.#eachBytes));
  }

  /** Makes the first, so that what keeps one from being made is known. @throws BulkheadError what making one throws */
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

  /** One that stands ready, or the next that is made. @throws BulkheadError what making one throws, and ABORTED */
  async take(signal: AbortSignal | undefined): Promise<Standing> {
    this.#demand.arrived(now());
    const found = this.#takeReady();
    this.counts[found === undefined ? "misses" : "hits"] += 1;
    const standing = found ?? (await this.#wait(signal));
    standing.live.hold();
    return standing;
  }

  /** Makes what is lacking in the background, when nothing else is to be done first. */
  refill(): void {
    this.#review ??= after(REVIEW_MS, () => this.#reviewNow(), { idle: true });
    while (!this.#closed && this.#lacks()) this.#start();
  }

  /** Throws away what was made until now, and what is being made. */
  drain(): void {
    this.#generation += 1;
    for (const unused of this.#ready.splice(0)) this.#discard(unused.standing);
  }

  /** Resolves when nothing of it is left. */
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
      // Whoever waits is worth a start of their own, whatever the bounds are: without a pool there would be one.
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
      // Whoever waits for it gets another.
      if (!this.#closed && this.#starting.size <= this.#waiting.length && this.#waiting.length > 0) this.#start();
      return;
    }
    // A program that has nothing else to do ends; nobody waits for what nobody uses.
    standing.live.letGo();
    const waiter = this.#waiting.shift();
    if (waiter === undefined) this.#keep(standing);
    else waiter.give(standing);
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

  #measure({ live }: Standing): void {
    live.running.stats().then(
      ({ memoryBytes }) => {
        this.#eachBytes = Math.max(this.#eachBytes, memoryBytes ?? 0);
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

  /** One fewer at a time: a pause is no reason to throw all away. */
  #reviewNow(): void {
    this.#review = undefined;
    const kept = this.#ready.filter((unused) => this.#isUsable(unused));
    if (kept.length > this.target()) kept.shift();
    for (const unused of this.#ready) if (!kept.includes(unused)) this.#discard(unused.standing);
    this.#ready = kept;
    this.refill();
  }
}
