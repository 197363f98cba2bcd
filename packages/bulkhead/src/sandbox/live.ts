import { Channel } from "../channel/channel.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import type { Running } from "../levels/driver.js";

/** A sandbox and its channel, which live and die together. */
export class Live {
  readonly running: Running;
  readonly channel: Channel;

  constructor(running: Running) {
    this.running = running;
    this.channel = new Channel(running.transport, (violation) => this.#channelEnded(violation));
    running.ended.then(
      (ended) => this.#over(new BulkheadError("SANDBOX_LOST", { operation: "channel", detail: ended.cause })),
      (error: unknown) => this.#over(error),
    );
  }

  /** Kills everything inside; what is under way fails with `error`, and so does what is asked later. */
  kill(error: BulkheadError): void {
    this.channel.close(error);
    this.running.kill();
  }

  /** A sandbox without its channel is of no use, so its end is made certain. What is under way waits for why. */
  #channelEnded(violation: BulkheadError | undefined): void {
    if (violation !== undefined) {
      this.channel.close(violation);
    }
    this.running.kill();
  }

  #over(error: unknown): void {
    this.channel.close(error instanceof BulkheadError ? error : new BulkheadError("SANDBOX_LOST", { cause: error }));
  }
}
