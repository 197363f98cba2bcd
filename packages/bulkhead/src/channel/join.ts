import type { Duplex } from "node:stream";
import { isReset, passReset } from "./reset.js";

/**
 * Moves bytes both ways, each half ending by itself, until both are closed. When one breaks the other is destroyed: nobody waits for
 * the rest of what cannot come.
 */
export function join(one: Duplex, other: Duplex): Promise<void> {
  const closed = [one, other].map((stream, at) => {
    const opposite = at === 0 ? other : one;
    return new Promise<void>((resolve) => {
      // Told where the stream is used; here it only ends the other one.
      stream.on("error", (error) => {
        if (isReset(error)) passReset(opposite, error);
      });
      stream.once("close", () => {
        // In order, it has said all, and the other one may still be sending that.
        if (!stream.readableEnded || !stream.writableFinished) opposite.destroy();
        resolve();
      });
    });
  });
  one.pipe(other);
  other.pipe(one);
  return Promise.all(closed).then(() => undefined);
}
