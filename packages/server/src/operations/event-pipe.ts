/** A reader that takes nothing for this long is gone, or holds the program up on purpose. */
const STALL_MS = 60_000;

/** Passes events to one reader, at its speed: `push` resolves when the reader took the event. */
export class EventPipe<Event> implements AsyncIterable<Event> {
  readonly #waiting: { readonly event: Event; readonly taken: () => void }[] = [];
  readonly #onStall: () => void;
  #wake: (() => void) | undefined;
  #ended = false;

  constructor(onStall: () => void) {
    this.#onStall = onStall;
  }

  async push(event: Event): Promise<void> {
    if (this.#ended) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(this.#onStall, STALL_MS);
      this.#waiting.push({
        event,
        taken: () => {
          clearTimeout(timer);
          resolve();
        },
      });
      this.#wake?.();
    });
  }

  /** The reader gets what was pushed, then the end. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** The reader is gone: nothing waits for it any longer. */
  abandon(): void {
    this.end();
    for (const { taken } of this.#waiting.splice(0)) taken();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Event, void, void> {
    while (true) {
      const next = this.#waiting.shift();
      if (next !== undefined) {
        next.taken();
        yield next.event;
      } else if (this.#ended) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
