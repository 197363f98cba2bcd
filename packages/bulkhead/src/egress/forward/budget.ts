import { PassThrough, Transform } from "node:stream";
import { timerMs } from "../../arguments/durations.js";
import type { NetworkLimits } from "../../policy/network/types.js";
import { Refusal } from "./refusal.js";

export type Way = "in" | "out";

/** Limits for all connections of one sandbox together. */
export class Budget {
  #limits: NetworkLimits;
  #connections = 0;
  #bytes = 0;
  /** When each direction will have sent its data so far: later bytes wait until then. */
  readonly #free = { in: 0, out: 0 };

  constructor(limits: NetworkLimits) {
    this.#limits = limits;
  }

  get idleMs(): number {
    return timerMs(this.#limits.idleMs);
  }

  change(limits: NetworkLimits): void {
    this.#limits = limits;
  }

  /** Takes a slot; disposing of it releases it. Throws if there is none. */
  enter(): Disposable {
    const { connections, bytes } = this.#limits;
    if (this.#connections >= connections)
      throw new Refusal(`${connections} connections are open already`, { status: 503 });
    if (bytes !== null && this.#bytes >= bytes)
      throw new Refusal("the bytes of this sandbox are used up", { status: 503 });
    this.#connections += 1;
    let entered = true;
    return {
      [Symbol.dispose]: () => {
        if (entered) this.#connections -= 1;
        entered = false;
      },
    };
  }

  /** A stream that all data of one direction must pass. Without a limit it does nothing. */
  meter(way: Way): Transform {
    const { bytesPerSecond, bytes } = this.#limits;
    if (bytesPerSecond === null && bytes === null) return new PassThrough();
    return new Transform({
      transform: (chunk: Uint8Array, _encoding, callback) => {
        this.#bytes += chunk.length;
        if (this.#limits.bytes !== null && this.#bytes > this.#limits.bytes) {
          callback(new Refusal("the bytes of this sandbox are used up", { status: 503 }));
          return;
        }
        const wait = this.#wait(way, chunk.length);
        if (wait <= 0) callback(null, chunk);
        else setTimeout(() => callback(null, chunk), timerMs(wait));
      },
    });
  }

  get isUnlimited(): boolean {
    return this.#limits.bytesPerSecond === null && this.#limits.bytes === null;
  }

  #wait(way: Way, length: number): number {
    const { bytesPerSecond } = this.#limits;
    if (bytesPerSecond === null) return 0;
    const now = performance.now();
    const start = Math.max(now, this.#free[way]);
    this.#free[way] = start + (length / bytesPerSecond) * 1000;
    return start - now;
  }
}
