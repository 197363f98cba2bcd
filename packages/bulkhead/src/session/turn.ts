import { aborted } from "../errors/aborted.js";
import type { Ends } from "./ends/ends.js";
import type { Live } from "./live.js";
import type { Process } from "./process.js";

/**
 * Starts a program when its turn comes. Until then nothing of it runs: an abort or a failed stream is reported, and the
 * caller's streams are released.
 */
export function inTurn(
  live: Live,
  ends: Ends,
  signal: AbortSignal | undefined,
  start: () => Process,
): Promise<Process> {
  live.hold();
  const begun = new Promise<Process>((resolve, reject) => {
    let leave: (() => void) | undefined;
    const abort = () => giveUp(aborted("exec", signal));
    const settle = () => signal?.removeEventListener("abort", abort);
    const giveUp = (error: unknown) => {
      settle();
      leave?.();
      ends[Symbol.dispose]();
      reject(error);
    };
    signal?.addEventListener("abort", abort, { once: true });
    ends.whenFailed(giveUp);
    if (ends.failure !== undefined) return;
    leave = live.slots.enter(
      "program",
      (release) => {
        settle();
        try {
          const process = start();
          resolve(process);
          process.result.then(release, release);
        } catch (error) {
          release();
          giveUp(error);
        }
      },
      giveUp,
    );
  });
  const over = () => live.letGo();
  begun.then(({ result }) => result.then(over, over), over);
  return begun;
}
