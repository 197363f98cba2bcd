import type { Socket } from "node:net";
import type { JsonObject } from "../channel/json.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { errorFromWire } from "../errors/wire.js";
import { deferred } from "../values/deferred.js";
import type { Control } from "./control.js";
import { type Evidence, readEvidence } from "./evidence.js";
import { type Ended, type Launched, readEnded, readLaunched, readStats, type Stats } from "./messages.js";

/** How long the broker may take to report the end of a sandbox whose channel has ended. */
const VERDICT_MS = 10_000;
/** How long init may take to exit after its channel closes. Our init exits at once; a hostile one might never do so. */
const EXIT_MS = 50;

/** A requested sandbox: the broker's messages about it, and requests about it. */
export class Launch {
  readonly id: string;
  /** The channel's bytes. Usable at once, before the broker has accepted the launch. */
  readonly transport: Socket;
  readonly #control: Control;
  readonly #launched = deferred<Launched>();
  readonly #ended = deferred<Ended>();
  #sent = false;
  #runs = false;
  #killed = false;
  #over = false;
  #held = true;
  #verdictTimer: NodeJS.Timeout | undefined;
  #exitTimer: NodeJS.Timeout | undefined;

  /** Writes `message`, the launch request, to `transport`. */
  constructor(id: string, transport: Socket, message: Buffer, control: Control) {
    this.id = id;
    this.transport = transport;
    this.#control = control;
    control.hold();
    transport.once("close", () => this.#closed());
    transport.write(message, () => this.#delivered());
  }

  /** Resolves when init runs; rejects with the broker's reason for refusing, or BROKER_LOST. */
  get launched(): Promise<Launched> {
    return this.#launched.promise;
  }

  /** Resolves when nothing of the sandbox is left; rejects as `launched` does if it never existed. */
  get ended(): Promise<Ended> {
    return this.#ended.promise;
  }

  /** Whether the launch keeps this process alive. It does until this is changed, and only while it lasts. */
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

  /** True if nothing of the sandbox is left or ever existed. */
  get over(): boolean {
    return this.#over;
  }

  /** Handles a message about this sandbox. @throws BulkheadError BROKER_LOST for an invalid one */
  receive(type: string, message: JsonObject): void {
    switch (type) {
      case "launched":
        this.#launched.resolve(readLaunched(message));
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

  /** Nothing remains to wait for. */
  fail(error: BulkheadError): void {
    this.#finish();
    this.#launched.reject(error);
    this.#ended.reject(error);
  }

  /** Kills the sandbox; {@link ended} resolves when that is done. */
  kill(): void {
    this.#killed = true;
    // The broker would never answer a launch request that is cut short.
    if (this.#sent && !this.#over) {
      this.#control.tell("kill", this.id);
      this.transport.destroy();
    }
  }

  /**
   * Closes the channel, on which init exits; kills the sandbox if it does not exit at once. Cheaper than {@link kill},
   * because the broker need not wake up for it.
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

  /**
   * The broker reports the reason. If it does not, the peer was not the broker, or it could not read the launch
   * request.
   */
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
      this.#launched.reject(error ?? new BulkheadError("SANDBOX_LOST", { operation: "launch" }));
    }
    this.#ended.resolve(ended);
  }
}
