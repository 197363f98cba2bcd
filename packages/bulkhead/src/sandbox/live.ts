import type { Ended } from "../broker/messages.js";
import { Channel } from "../channel/channel.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { errorFromWire } from "../errors/wire.js";
import type { Running } from "../levels/driver.js";

/** A sandbox and its channel, which live and die together. */
export class Live {
  readonly running: Running;
  readonly channel: Channel;

  constructor(running: Running) {
    this.running = running;
    this.channel = new Channel(running.transport, (violation) => this.#channelEnded(violation));
    running.ended.then(
      (ended) => this.channel.close(() => lostBy(ended)),
      (error: unknown) => this.channel.close(() => lost(error)),
    );
  }

  /** Kills everything inside; what is under way fails with `error`, and so does what is asked later. */
  kill(error: BulkheadError): void {
    this.channel.close(() => error);
    this.running.kill();
  }

  /** Ends it when nothing is wanted of it any more. */
  release(): void {
    this.channel.close(() => new BulkheadError("SANDBOX_CLOSED"));
    this.running.release();
  }

  /** A sandbox without its channel is of no use, so its end is made certain. What is under way waits for why. */
  #channelEnded(violation: BulkheadError | undefined): void {
    if (violation !== undefined) {
      this.channel.close(() => violation);
    }
    this.running.kill();
  }
}

function lostBy({ cause, error }: Ended): BulkheadError {
  if (error === undefined) return new BulkheadError("SANDBOX_LOST", { operation: "channel", detail: cause });
  const why = errorFromWire(error, "SANDBOX_LOST");
  return new BulkheadError("SANDBOX_LOST", { operation: "channel", detail: `${cause}: ${why.message}`, cause: why });
}

function lost(cause: unknown): BulkheadError {
  return cause instanceof BulkheadError ? cause : new BulkheadError("SANDBOX_LOST", { operation: "channel", cause });
}
