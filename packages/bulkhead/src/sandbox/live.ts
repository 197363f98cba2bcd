import type { Ended } from "../broker/messages.js";
import { Channel } from "../channel/channel.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { errorFromWire } from "../errors/wire.js";
import type { Running } from "../levels/driver.js";
import { Slots } from "./slots.js";

/** A sandbox and its channel, which live and die together. */
export class Live {
  readonly running: Running;
  readonly channel: Channel;
  /** Whose turn it is to do something inside. */
  readonly slots: Slots;
  /** Waits until the caller's listeners know of what has happened inside so far; undefined: there is nothing to tell. */
  flush: (() => Promise<void>) | undefined;
  /** What else ends with it, and why is told to. */
  readonly #beside: ((why: () => BulkheadError) => void)[] = [];
  /** Who waits for something of it, and so keeps this process alive. */
  #users = 1;

  /** `pids`: how many processes it may have. Whoever makes it uses it until {@link letGo}. */
  constructor(running: Running, pids?: number) {
    this.running = running;
    this.slots = new Slots(pids);
    this.channel = new Channel(running.transport, (violation) => this.#channelEnded(violation));
    running.ended.then(
      (ended) => this.#close(() => lostBy(ended)),
      (error: unknown) => this.#close(() => lost(error)),
    );
  }

  /** Keeps this process alive until {@link letGo}: somebody waits for what comes of it. */
  hold(): void {
    this.#users += 1;
    if (this.#users === 1) this.running.keepAlive?.(true);
  }

  letGo(): void {
    this.#users -= 1;
    if (this.#users === 0) this.running.keepAlive?.(false);
  }

  /** Calls `end` when the sandbox ends, with what makes the error that tells why. */
  whenClosed(end: (why: () => BulkheadError) => void): void {
    this.#beside.push(end);
  }

  /** Holds it as long as something takes. */
  async during<Value>(action: () => Promise<Value>): Promise<Value> {
    this.hold();
    try {
      return await action();
    } finally {
      this.letGo();
    }
  }

  /** Kills everything inside; what is under way fails with `error`, and so does what is asked later. */
  kill(error: BulkheadError): void {
    this.#close(() => error);
    this.running.kill();
  }

  /** Ends it when nothing is wanted of it any more. */
  release(): void {
    this.#close(() => new BulkheadError("SANDBOX_CLOSED"));
    this.running.release();
  }

  /** A sandbox without its channel is of no use, so its end is made certain. What is under way waits for why. */
  #channelEnded(violation: BulkheadError | undefined): void {
    if (violation !== undefined) {
      this.#close(() => violation);
    }
    this.running.kill();
  }

  #close(why: () => BulkheadError): void {
    this.channel.close(why);
    this.slots.close(why);
    for (const end of this.#beside) end(why);
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
