import type { Duplex } from "node:stream";
import { finished, pipeline } from "node:stream/promises";
import { isReset, passReset } from "../../channel/reset.js";
import type { Budget } from "./budget.js";

/**
 * Forwards bytes both ways until both ends are done: an end that has sent everything may still read. Throws if either
 * fails.
 */
export async function pump(inside: Duplex, outside: Duplex, budget: Budget): Promise<void> {
  const limited = !budget.isUnlimited;
  // Before the pipelines, which would end the other side as if this one had sent everything.
  for (const [stream, opposite] of [
    [inside, outside],
    [outside, inside],
  ] as const) {
    stream.once("error", (error) => {
      if (isReset(error)) passReset(opposite, error);
    });
  }
  try {
    await Promise.all([
      limited ? pipeline(inside, budget.meter("out"), outside) : pipeline(inside, outside),
      limited ? pipeline(outside, budget.meter("in"), inside) : pipeline(outside, inside),
    ]);
  } catch (error) {
    inside.destroy();
    outside.destroy();
    throw error;
  }
}

/** Resolves when a stream is over, for any reason. */
export async function over(stream: Duplex): Promise<void> {
  await finished(stream).catch(() => undefined);
}
