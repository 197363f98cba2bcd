import type { Ended } from "../broker/messages.js";
import { Channel } from "../channel/channel.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { errorFromWire } from "../errors/wire.js";
import type { Running } from "../levels/driver.js";
import { Trace } from "../trace/trace.js";
import { Slots } from "./slots.js";

/** A sandbox and its channel, which live and die together. */
export class Live {
  readonly running: Running;
  readonly channel: Channel;
  /** Queues operations inside the sandbox. */
  readonly slots: Slots;
  /** Collects the moments of this launch; undefined unless a trace is written. */
  readonly trace: Trace | undefined;
  /** Waits until the caller's listeners know of everything inside so far; undefined if there are none. */
  flush: (() => Promise<void>) | undefined;
  /** Functions to call with the reason when the sandbox ends. */
  readonly #beside: ((why: () => BulkheadError) => void)[] = [];
  /** Number of users that wait for the sandbox and so keep this process alive. */
  #users = 1;

  /** `pids`: maximum number of processes. The creator counts as a user until {@link letGo}. */
  constructor(running: Running, pids?: number) {
    this.running = running;
    this.trace = Trace.of(running.id);
    if (this.trace !== undefined) follow(running, this.trace);
    this.slots = new Slots(pids);
    this.channel = new Channel(running.transport, (violation) => this.#channelEnded(violation));
    running.ended.then(
      (ended) => this.#close(() => lostBy(ended)),
      (error: unknown) => this.#close(() => lost(error)),
    );
  }

  /** Keeps this process alive until {@link letGo}. */
  hold(): void {
    this.#users += 1;
    if (this.#users === 1) this.running.keepAlive?.(true);
  }

  letGo(): void {
    this.#users -= 1;
    if (this.#users === 0) this.running.keepAlive?.(false);
  }

  /** Calls `end` when the sandbox ends. Its argument creates the error that says why. */
  whenClosed(end: (why: () => BulkheadError) => void): void {
    this.#beside.push(end);
  }

  /** Holds the sandbox while `action` runs. */
  async during<Value>(action: () => Promise<Value>): Promise<Value> {
    this.hold();
    try {
      return await action();
    } finally {
      this.letGo();
    }
  }

  /** Kills everything inside. Operations in progress and later ones fail with `error`. */
  kill(error: BulkheadError): void {
    this.trace?.released();
    this.#close(() => error);
    this.running.kill();
  }

  /** Ends the sandbox when nothing uses it any more. */
  release(): void {
    this.trace?.released();
    this.#close(() => new BulkheadError("SANDBOX_CLOSED"));
    this.running.release();
  }

  /**
   * A sandbox without its channel is useless, so make certain that it ends. Operations in progress wait for the reason.
   */
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

/** A launch that fails, or whose broker is lost, gets no trace. */
function follow(running: Running, trace: Trace): void {
  running.launched.then(
    ({ marks }) => trace.launched(marks),
    () => undefined,
  );
  running.ended.then(
    ({ marks }) => trace.ended(marks),
    () => undefined,
  );
}

function lostBy({ cause, error }: Ended): BulkheadError {
  if (error === undefined) return new BulkheadError("SANDBOX_LOST", { operation: "channel", detail: cause });
  const why = errorFromWire(error, "SANDBOX_LOST");
  return new BulkheadError("SANDBOX_LOST", { operation: "channel", detail: `${cause}: ${why.message}`, cause: why });
}

function lost(cause: unknown): BulkheadError {
  return cause instanceof BulkheadError ? cause : new BulkheadError("SANDBOX_LOST", { operation: "channel", cause });
}
