import type { BulkheadError } from "../errors/bulkhead-error.js";

/** What is done in a sandbox at once, as init has it: each is a process inside. */
const OPERATIONS = 64;
/** Of which programs have so many at most: files must be got at although all of these run. */
const PROGRAMS = 56;

export type OperationKind = "program" | "file";

interface Waiting {
  readonly kind: OperationKind;
  readonly start: (release: () => void) => void;
  readonly refuse: (error: BulkheadError) => void;
}

/** Whose turn it is in one sandbox: what would be one too many waits for its turn. */
export class Slots {
  readonly #programs: number;
  readonly #open = { program: 0, file: 0 };
  #waiting: Waiting[] = [];
  #closed: (() => BulkheadError) | undefined;

  /** `pids`: how many processes the sandbox may have. */
  constructor(pids: number = OPERATIONS) {
    this.#programs = Math.max(1, Math.min(PROGRAMS, pids - 1));
  }

  /**
   * Calls `start` when it may be done, at once if that is now, with what ends it; or `refuse`, when the sandbox ends before that. Returns what
   * gives up waiting.
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

  /** Refuses whoever waits. */
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
