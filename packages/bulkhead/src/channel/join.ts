import type { Duplex } from "node:stream";
import { isReset, passReset } from "./reset.js";

/**
 * Forwards bytes both ways, each half ending separately, until both are closed. If one breaks, or is closed already,
 * the other is destroyed, because its data can no longer arrive.
 */
export function join(one: Duplex, other: Duplex): Promise<void> {
  const closed = [closeWith(one, other), closeWith(other, one)];
  if (!one.destroyed && !other.destroyed) {
    one.pipe(other);
    other.pipe(one);
  }
  return Promise.all(closed).then(() => undefined);
}

/** Resolves when `stream` is closed. Unless its data was complete, also ends `opposite`, by a reset if it was reset. */
export function closeWith(stream: Duplex, opposite: Duplex): Promise<void> {
  return new Promise((resolve) => {
    stream.on("error", (error) => {
      if (isReset(error)) passReset(opposite, error);
    });
    const end = () => {
      // Ended in order: its data is complete, and the other may still be sending it.
      if (!stream.readableEnded || !stream.writableFinished) opposite.destroy();
      resolve();
    };
    if (stream.closed) end();
    else stream.once("close", end);
  });
}
