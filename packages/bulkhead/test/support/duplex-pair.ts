import { Duplex } from "node:stream";

class Half extends Duplex {
  other: Half | undefined;
  #taken: (() => void) | undefined;

  override _read(): void {
    const taken = this.#taken;
    this.#taken = undefined;
    taken?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.other?.receive(chunk, callback);
  }

  override _final(callback: () => void): void {
    this.other?.push(null);
    callback();
  }

  /** Calls `taken` when the reader wants more: what nobody reads holds back who writes it. */
  receive(chunk: Buffer, taken: () => void): void {
    if (this.push(chunk)) {
      process.nextTick(taken);
    } else {
      this.#taken = taken;
    }
  }
}

/** The two ends of a connection in memory. */
export function duplexPair(): readonly [Duplex, Duplex] {
  const one = new Half();
  const two = new Half();
  one.other = two;
  two.other = one;
  return [one, two];
}
