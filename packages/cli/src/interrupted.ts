import { exitCodeOfSignal } from "./exit-codes.js";
import { finish } from "./output/write.js";

/** Runs `work` with what SIGINT and SIGTERM abort. If it then fails, having cleaned up, the program ends as one that the signal ended. */
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
    if (interrupted !== undefined) await finish(exitCodeOfSignal(interrupted));
    throw error;
  }
}
