import type { EgressEvent } from "../log/event.js";

/** Calls that may be under way. The library takes no more than 256 of all kinds together. */
const MOST_UNDER_WAY = 128;
/** From here on nothing is decided until the library has taken some: who floods the gate does not get rid of its log. */
const ENOUGH = 512;

/** Tells the library of decisions: in order, each at once, and as many at a time as it takes. */
export class Reports {
  readonly #send: (event: EgressEvent) => Promise<unknown>;
  readonly #queue: EgressEvent[] = [];
  #underWay = 0;
  #waiting: (() => void)[] = [];

  constructor(send: (event: EgressEvent) => Promise<unknown>) {
    this.#send = send;
  }

  tell(event: EgressEvent): void {
    this.#queue.push(event);
    this.#next();
  }

  /** Resolves when the library keeps up. */
  async room(): Promise<void> {
    while (this.#queue.length >= ENOUGH) await this.#change();
  }

  /** Resolves when all that was told is known to the library. */
  async told(): Promise<void> {
    while (this.#queue.length + this.#underWay > 0) await this.#change();
  }

  async #change(): Promise<void> {
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #next(): void {
    while (this.#underWay < MOST_UNDER_WAY) {
      const event = this.#queue.shift();
      if (event === undefined) return;
      this.#underWay += 1;
      const done = () => {
        this.#underWay -= 1;
        this.#next();
        for (const wake of this.#waiting.splice(0)) wake();
      };
      this.#send(event).then(done, done);
    }
  }
}
