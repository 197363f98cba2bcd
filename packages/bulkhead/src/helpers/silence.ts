const TICK_MS = 250;

/** A call that the peer has yet to answer. */
export interface Wait {
  /** The call made progress. */
  heard(): void;
  /** The call ended, or nobody waits for it any more. */
  over(): void;
}

interface Waiting {
  readonly limitMs: number;
  readonly mayAnswer: () => boolean;
  readonly late: () => void;
  silentMs: number;
}

/**
 * Measures how long calls make no progress. Only the time that the peer could have used counts: not the time that this
 * process takes for a request of the peer, nor the time that this process is stopped. Requests of the peer are no
 * progress: a peer that was taken over could make one every now and then.
 */
export class Silence {
  readonly #waits = new Set<Waiting>();
  #timer: NodeJS.Timeout | undefined;
  #working = 0;

  /** Calls `late` once, after `limitMs` without progress. `mayAnswer` is false while the peer waits for credit. */
  wait(limitMs: number, mayAnswer: () => boolean, late: () => void): Wait {
    const waiting: Waiting = { limitMs, mayAnswer, late, silentMs: 0 };
    this.#waits.add(waiting);
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS).unref();
    return {
      heard: () => {
        waiting.silentMs = 0;
      },
      over: () => this.#remove(waiting),
    };
  }

  /** Stops the clock until `work` settles: the peer waits for this process. */
  async working<T>(work: Promise<T>): Promise<T> {
    this.#working += 1;
    try {
      return await work;
    } finally {
      this.#working -= 1;
    }
  }

  /** Stops the clock while this process produces the next piece of `body`. */
  async *workingOn<T>(body: AsyncIterable<T>): AsyncGenerator<T> {
    const pieces = body[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await this.working(pieces.next());
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      await pieces.return?.();
    }
  }

  #tick(): void {
    if (this.#working > 0) return;
    for (const waiting of this.#waits) {
      if (!waiting.mayAnswer()) continue;
      waiting.silentMs += TICK_MS;
      if (waiting.silentMs < waiting.limitMs) continue;
      this.#remove(waiting);
      waiting.late();
    }
  }

  #remove(waiting: Waiting): void {
    this.#waits.delete(waiting);
    if (this.#waits.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
