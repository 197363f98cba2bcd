import { exitCodeOfSignal } from "./exit-codes.js";

/** A signal, or a closed pipe, ended the work: the program ends as one that the signal killed. */
export class Interrupted extends Error {
  readonly exitCode: number;
  readonly #signal: string;

  constructor(signal: string, cause?: unknown) {
    super(`ended by ${signal}`, { cause });
    this.exitCode = exitCodeOfSignal(signal);
    this.#signal = signal;
  }

  /** As the library's `ABORTED`. */
  get described() {
    const message = `the caller aborted the operation: ${this.#signal}`;
    return { code: "ABORTED", fault: "user", message, remedy: "No action needed.", detail: this.#signal };
  }
}

/**
 * Runs `work` with a signal that SIGINT and SIGTERM abort. If it then fails, after cleaning up, it rejects with
 * {@link Interrupted}.
 */
export async function unlessInterrupted<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  let interrupted: NodeJS.Signals | undefined;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      interrupted = signal;
      abort.abort();
    });
  }
  try {
    return await work(abort.signal);
  } catch (error) {
    if (interrupted !== undefined) throw new Interrupted(interrupted, error);
    throw error;
  }
}
