import { timerMs } from "../../arguments/durations.js";
import type { ChannelLimits } from "./contract.js";

/** Uses up the limits of one channel, for all its connections together. */
export class Allowance {
  readonly #limits: ChannelLimits;
  #connections = 0;
  #bytes = 0;
  /** For each direction: when its data so far will have been sent at the allowed rate. */
  readonly #free = { in: 0, out: 0 };

  constructor(limits: ChannelLimits) {
    this.#limits = limits;
  }

  /** Takes one connection, to give back with {@link leave}. Returns why it may not. */
  enter(): string | undefined {
    const { connections, bytes } = this.#limits;
    if (this.#connections >= connections) return `${connections} connections are open already`;
    if (bytes !== null && this.#bytes >= bytes) return bytesUsed(bytes);
    this.#connections += 1;
    return undefined;
  }

  leave(): void {
    this.#connections -= 1;
  }

  /** Counts data. Returns why it may not pass, or the time in ms to wait before it may. */
  spend(way: "in" | "out", length: number): string | number {
    const { bytes, bytesPerSecond } = this.#limits;
    this.#bytes += length;
    if (bytes !== null && this.#bytes > bytes) return bytesUsed(bytes);
    if (bytesPerSecond === null) return 0;
    const now = performance.now();
    const start = Math.max(now, this.#free[way]);
    this.#free[way] = start + (length / bytesPerSecond) * 1000;
    return timerMs(start - now);
  }

  /** Counts data that another process let pass within {@link left}. */
  count(length: number): void {
    this.#bytes += length;
  }

  /** Bytes that may still pass; null: any number. */
  get left(): number | null {
    const { bytes } = this.#limits;
    return bytes === null ? null : Math.max(0, bytes - this.#bytes);
  }

  get bytesPerSecond(): number | null {
    return this.#limits.bytesPerSecond;
  }

  /** Why no more bytes may pass. */
  get bytesUsed(): string {
    return bytesUsed(this.#limits.bytes ?? 0);
  }

  /** Why a connection ended on which nothing moved. */
  get idled(): string {
    return `nothing moved for ${this.idleMs ?? 0} ms`;
  }

  get idleMs(): number | null {
    return this.#limits.idleMs === null ? null : timerMs(this.#limits.idleMs);
  }
}

function bytesUsed(bytes: number): string {
  return `the channel's ${bytes} bytes are used up`;
}
