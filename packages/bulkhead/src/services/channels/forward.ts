import type { Duplex } from "node:stream";
import { closeWith } from "../../channel/join.js";
import type { Allowance } from "./limits.js";

/** How a connection ended. */
export interface Forwarded {
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** The limit that ended it. */
  readonly limit?: string;
}

/**
 * Forwards bytes both ways within the channel's limits, each half ending separately, until both ends are closed. If one
 * breaks, so does the other, because its data can no longer arrive.
 */
export async function forward(consumer: Duplex, provider: Duplex, allowance: Allowance): Promise<Forwarded> {
  const moved = { in: 0, out: 0 };
  let limit: string | undefined;
  let last = performance.now();
  const stop = (reason: string) => {
    limit ??= reason;
    consumer.destroy();
    provider.destroy();
  };
  const flow = (from: Duplex, to: Duplex, way: "in" | "out") => {
    let timer: NodeJS.Timeout | undefined;
    // A paused stream can still end.
    let ended = false;
    const write = (chunk: Buffer) => {
      timer = undefined;
      last = performance.now();
      if (ended) to.end(chunk);
      else if (to.write(chunk)) from.resume();
      else from.pause();
    };
    from.on("data", (chunk: Buffer) => {
      moved[way] += chunk.length;
      const wait = allowance.spend(way, chunk.length);
      if (typeof wait === "string") return stop(wait);
      if (wait <= 0) return write(chunk);
      // Before it is sent and not after: otherwise each new connection would have its first chunk for nothing.
      from.pause();
      timer = setTimeout(write, wait, chunk);
    });
    to.on("drain", () => {
      if (timer === undefined) from.resume();
    });
    from.once("end", () => {
      ended = true;
      if (timer === undefined) to.end();
    });
    to.once("close", () => clearTimeout(timer));
  };
  const { idleMs } = allowance;
  const idle =
    idleMs === null
      ? undefined
      : setInterval(
          () => {
            if (performance.now() - last >= idleMs) stop(allowance.idled);
          },
          Math.max(20, Math.min(idleMs / 4, 5_000)),
        );
  try {
    const closed = [closeWith(consumer, provider), closeWith(provider, consumer)];
    flow(consumer, provider, "in");
    flow(provider, consumer, "out");
    await Promise.all(closed);
  } finally {
    clearInterval(idle);
  }
  const bytes = { bytesIn: moved.in, bytesOut: moved.out };
  return limit === undefined ? bytes : { ...bytes, limit };
}
