import type { EgressEvent } from "../log/event.js";

/** Maximum number of pending calls, and of events in one: a call costs both processes more than an event does. */
const MOST_CALLS = 8;
const MOST_EVENTS = 64;
/** Above this number no decision is made until the library has taken some events: a flood cannot outrun the log. */
const ENOUGH = 512;

/** Sends decisions to the library: in order, those of one tick together, and before any other message of that tick. */
export class Reports {
  readonly #send: (events: readonly EgressEvent[]) => Promise<unknown>;
  readonly #queue: EgressEvent[] = [];
  #calls = 0;
  #planned = false;
  #waiting: (() => void)[] = [];

  constructor(send: (events: readonly EgressEvent[]) => Promise<unknown>) {
    this.#send = send;
  }

  tell(event: EgressEvent): void {
    this.#queue.push(event);
    if (this.#planned) return;
    this.#planned = true;
    process.nextTick(() => {
      this.#planned = false;
      this.#next();
    });
  }

  /** Resolves when the library keeps up. */
  async room(): Promise<void> {
    while (this.#queue.length >= ENOUGH) await this.#change();
  }

  /** Resolves when the library has received all events so far. */
  async told(): Promise<void> {
    while (this.#queue.length + this.#calls > 0) await this.#change();
  }

  async #change(): Promise<void> {
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #next(): void {
    while (this.#calls < MOST_CALLS && this.#queue.length > 0) {
      this.#calls += 1;
      const done = () => {
        this.#calls -= 1;
        this.#next();
        for (const wake of this.#waiting.splice(0)) wake();
      };
      this.#send(this.#queue.splice(0, MOST_EVENTS)).then(done, done);
    }
  }
}
