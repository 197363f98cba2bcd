import type { Connection } from "../../channel/connection.js";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Live } from "../../session/live.js";
import { pause } from "../../session/timer.js";
import type { ChannelSpec } from "./contract.js";
import { connectTo } from "./ends.js";

/** Between attempts, the first and the longest. */
const FIRST_MS = 5;
const LONGEST_MS = 250;
/** EAGAIN: its queue is full. ENOENT, ECONNREFUSED: it does not listen yet. */
const NOT_YET: ReadonlySet<number | undefined> = new Set([11, 2, 111]);

/** What a connection needs to know of the component that it leads to. */
export interface Provider {
  /** The running sandbox, once there is one. */
  current(signal: AbortSignal): Promise<Attached>;
}

/** A component's running sandbox. */
export interface Attached {
  /** Of the sandbox. */
  readonly id: string;
  readonly live: Live;
}

/** A connection inside, and the sandbox that it is in. */
export interface Reached {
  readonly sandbox: string;
  readonly connection: Connection;
}

/**
 * Connects to the provider's end. Waits, until `signal` ends it, while the provider restarts, does not listen yet or
 * has a full queue.
 * @throws BulkheadError CONNECT_FAILED, ABORTED
 */
export async function reach(provider: Provider, target: ChannelSpec["target"], signal: AbortSignal): Promise<Reached> {
  let why = new BulkheadError("CONNECT_FAILED", { operation: "connect", detail: "the provider does not run" });
  for (let ms = FIRST_MS; !signal.aborted; ms = Math.min(ms * 2, LONGEST_MS)) {
    try {
      const { id, live } = await provider.current(signal);
      return { sandbox: id, connection: await connectTo(live.channel, target, signal) };
    } catch (error) {
      if (signal.aborted) break;
      if (!(error instanceof BulkheadError) || !isTemporary(error)) throw error;
      why = error;
    }
    await pause(ms, signal);
  }
  throw why;
}

function isTemporary({ code, errno }: BulkheadError): boolean {
  if (code === "CONNECT_FAILED") return NOT_YET.has(errno);
  // The sandbox ended meanwhile; the next one may come.
  return code === "TOO_MANY_OPERATIONS" || code === "SANDBOX_CLOSED" || code === "SANDBOX_LOST";
}
