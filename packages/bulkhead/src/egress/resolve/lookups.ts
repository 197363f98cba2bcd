import type { Resolve } from "./resolver.js";

/**
 * The system's resolver uses threads of a pool of four that all file operations share: a flood of names must not take
 * them all.
 */
const MOST_AT_ONCE = 3;
const MOST_WAITING = 256;
const LOOKUP_MS = 10_000;
/** Connections of one burst share an answer; no connection uses an older one. */
const CACHED_MS = 5_000;
const MAX_CACHED = 512;
/** More addresses than any honest host has; each is tried in turn. */
const MOST_ADDRESSES = 32;

interface Cached {
  readonly answer: Promise<readonly string[]>;
  readonly until: number;
}

/** Resolves names, a few at a time, and once for concurrent requests of the same name. */
export class Lookups {
  readonly #resolve: Resolve;
  readonly #cache = new Map<string, Cached>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(resolve: Resolve) {
    this.#resolve = resolve;
  }

  /** Resolves a name. Rejects if it has no address, or if too many names are pending. */
  async addresses(name: string): Promise<readonly string[]> {
    const cached = this.#cache.get(name);
    if (cached !== undefined && cached.until > performance.now()) return await cached.answer;
    const answer = this.#lookUp(name);
    if (this.#cache.size >= MAX_CACHED) this.#cache.clear();
    this.#cache.set(name, { answer, until: performance.now() + CACHED_MS });
    answer.catch(() => this.#cache.delete(name));
    return await answer;
  }

  async #lookUp(name: string): Promise<readonly string[]> {
    if (this.#running >= MOST_AT_ONCE) {
      if (this.#waiting.length >= MOST_WAITING) throw new Error("too many names are being looked up");
      await new Promise<void>((turn) => this.#waiting.push(turn));
    }
    this.#running += 1;
    try {
      const found = await inTime(this.#resolve(name));
      if (found.length === 0) throw new Error("no address");
      return [...new Set(found)].slice(0, MOST_ADDRESSES);
    } finally {
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }
}

async function inTime<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("no answer in time")), LOOKUP_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
