import type { BulkheadError } from "../errors/bulkhead-error.js";

/** Maximum concurrent operations in a sandbox, as in init: each is a process inside. */
const OPERATIONS = 64;
/** Maximum of these that may be programs: file operations must work even when all programs run. */
const PROGRAMS = 56;

export type OperationKind = "program" | "file";

interface Waiting {
  readonly kind: OperationKind;
  readonly start: (release: () => void) => void;
  readonly refuse: (error: BulkheadError) => void;
}

/** The queue of one sandbox: operations above the maximum wait for their turn. */
export class Slots {
  readonly #programs: number;
  readonly #open = { program: 0, file: 0 };
  #waiting: Waiting[] = [];
  #closed: (() => BulkheadError) | undefined;

  /** `pids`: the sandbox's process limit. */
  constructor(pids: number = OPERATIONS) {
    this.#programs = Math.max(1, Math.min(PROGRAMS, pids - 1));
  }

  /**
   * Calls `start` when the turn comes, at once if possible, with a function that ends the turn; or `refuse`, if the
   * sandbox ends first. Returns a function that leaves the queue.
   */
  enter(kind: OperationKind, start: Waiting["start"], refuse: Waiting["refuse"]): () => void {
    if (this.#closed !== undefined) {
      refuse(this.#closed());
      return () => undefined;
    }
    const entry = { kind, start, refuse };
    this.#waiting.push(entry);
    this.#next();
    return () => {
      this.#waiting = this.#waiting.filter((other) => other !== entry);
    };
  }

  /** Refuses all waiting operations. */
  close(why: () => BulkheadError): void {
    if (this.#closed !== undefined) return;
    this.#closed = why;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { refuse } of waiting) refuse(why());
  }

  #next(): void {
    for (;;) {
      const entry = this.#waiting.find(({ kind }) => this.#hasRoom(kind));
      if (entry === undefined) return;
      this.#waiting = this.#waiting.filter((other) => other !== entry);
      this.#open[entry.kind] += 1;
      let inside = true;
      entry.start(() => {
        if (!inside) return;
        inside = false;
        this.#open[entry.kind] -= 1;
        this.#next();
      });
    }
  }

  #hasRoom(kind: OperationKind): boolean {
    const { program, file } = this.#open;
    return program + file < OPERATIONS && (kind === "file" || program < this.#programs);
  }
}
