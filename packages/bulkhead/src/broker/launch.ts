import type { Socket } from "node:net";
import type { JsonObject } from "../channel/json.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { errorFromWire } from "../errors/wire.js";
import type { Control } from "./control.js";
import { type Evidence, readEvidence } from "./evidence.js";
import { type Ended, type Launched, readEnded, readLaunched, readStats, type Stats } from "./messages.js";

/** How long the broker may take to tell what became of a sandbox whose channel has ended. */
const VERDICT_MS = 10_000;
/** How long an init may take to exit when its channel is closed. Ours does at once; a hostile one never might. */
const EXIT_MS = 50;

/** A sandbox that the broker was asked for: what the broker says of it, and what can be asked about it. */
export class Launch {
  readonly id: string;
  /** The channel's bytes; usable at once, before it is known whether the launch is refused. */
  readonly transport: Socket;
  /** Resolves when init runs; rejects with why the broker refused it, or BROKER_LOST. */
  readonly launched: Promise<Launched>;
  /** Resolves when nothing of it is left; rejects as `launched` does when there never was anything. */
  readonly ended: Promise<Ended>;
  readonly #control: Control;
  #resolveLaunched: (launched: Launched) => void = () => undefined;
  #resolveEnded: (ended: Ended) => void = () => undefined;
  #rejectLaunched: (error: unknown) => void = () => undefined;
  #rejectEnded: (error: unknown) => void = () => undefined;
  #sent = false;
  #runs = false;
  #killed = false;
  #over = false;
  #held = true;
  #verdictTimer: NodeJS.Timeout | undefined;
  #exitTimer: NodeJS.Timeout | undefined;

  /** Writes `message`, the launch itself, to `transport`. */
  constructor(id: string, transport: Socket, message: Buffer, control: Control) {
    this.id = id;
    this.transport = transport;
    this.#control = control;
    control.hold();
    this.launched = new Promise((resolve, reject) => {
      this.#resolveLaunched = resolve;
      this.#rejectLaunched = reject;
    });
    this.ended = new Promise((resolve, reject) => {
      this.#resolveEnded = resolve;
      this.#rejectEnded = reject;
    });
    // Not everybody waits for both, and a rejection that nobody waits for would end the process.
    this.launched.catch(() => undefined);
    this.ended.catch(() => undefined);
    transport.once("close", () => this.#closed());
    transport.write(message, () => this.#delivered());
  }

  /** Whether it keeps this process alive; it does until that is changed, and no longer than it lasts. */
  keepAlive(alive: boolean): void {
    if (this.#over || alive === this.#held) return;
    this.#held = alive;
    if (alive) {
      this.#control.hold();
      this.transport.ref();
    } else {
      this.#control.release();
      this.transport.unref();
    }
  }

  /** True when nothing of it is left, or never was. */
  get over(): boolean {
    return this.#over;
  }

  /** Takes a message about this sandbox. @throws BulkheadError BROKER_LOST when it makes no sense. */
  receive(type: string, message: JsonObject): void {
    switch (type) {
      case "launched":
        this.#resolveLaunched(readLaunched(message));
        this.#runs = true;
        if (this.#killed) {
          // The first `kill` may have overtaken the launch.
          this.#control.tell("kill", this.id);
        }
        return;
      case "refused":
        this.fail(errorFromWire(message["error"], "LAUNCH_FAILED"));
        return;
      case "ended":
        this.#end(readEnded(message));
    }
  }

  /** There is nothing to wait for any more. */
  fail(error: BulkheadError): void {
    this.#finish();
    this.#rejectLaunched(error);
    this.#rejectEnded(error);
  }

  /** Kills it and everything below; {@link ended} tells when that is done. */
  kill(): void {
    this.#killed = true;
    // A launch that is cut short would never be answered.
    if (this.#sent && !this.#over) {
      this.#control.tell("kill", this.id);
      this.transport.destroy();
    }
  }

  /**
   * Closes the channel, on which init exits; kills it when that has not helped at once. Cheaper than {@link kill}, since
   * the broker need not be woken to do it.
   */
  release(): void {
    if (!this.#sent) {
      this.kill();
    } else if (!this.#over) {
      this.transport.destroy();
      this.#exitTimer = setTimeout(() => this.kill(), EXIT_MS);
    }
  }

  async stats(): Promise<Stats> {
    return readStats(await this.#control.ask("stats", this.id));
  }

  async evidence(): Promise<Evidence> {
    return readEvidence(await this.#control.ask("evidence", this.id));
  }

  async pause(): Promise<void> {
    await this.#control.ask("pause", this.id);
  }

  async resume(): Promise<void> {
    await this.#control.ask("resume", this.id);
  }

  #delivered(): void {
    this.#sent = true;
    if (this.#killed) {
      this.kill();
    }
  }

  /** The broker tells why; one that does not was not the broker, or could not read the launch at all. */
  #closed(): void {
    if (!this.#over) {
      const silent = () => this.fail(new BulkheadError("SANDBOX_LOST", { operation: "launch" }));
      this.#verdictTimer = setTimeout(silent, VERDICT_MS);
    }
  }

  #finish(): void {
    if (this.#held && !this.#over) this.#control.release();
    this.#over = true;
    clearTimeout(this.#verdictTimer);
    clearTimeout(this.#exitTimer);
    this.transport.destroy();
  }

  #end(ended: Ended): void {
    this.#finish();
    if (!this.#runs) {
      const error = ended.error === undefined ? undefined : errorFromWire(ended.error, "LAUNCH_FAILED");
      this.#rejectLaunched(error ?? new BulkheadError("SANDBOX_LOST", { operation: "launch" }));
    }
    this.#resolveEnded(ended);
  }
}
