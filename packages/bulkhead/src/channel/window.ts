import { MAX_CREDIT, WINDOW_BYTES } from "./protocol.js";
import { violation } from "./violation.js";

/** What we may still send on one (stream, fd). */
export class SendWindow {
  #bytes = WINDOW_BYTES;

  get bytes(): number {
    return this.#bytes;
  }

  spend(bytes: number): void {
    this.#bytes -= bytes;
  }

  /** @throws BulkheadError PROTOCOL_VIOLATION above 2^31 in sum. */
  add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > MAX_CREDIT) {
      throw violation("credit-overflow");
    }
  }
}

/** What the other side may still send on one (stream, fd), and what its reader has consumed but not granted again. */
export class ReceiveWindow {
  #bytes = WINDOW_BYTES;
  #consumed = 0;
  #open = true;

  get open(): boolean {
    return this.#open;
  }

  /** Counts data that arrived. @throws BulkheadError PROTOCOL_VIOLATION when it was not allowed. */
  receive(bytes: number): void {
    if (!this.#open) {
      throw violation("data-after-end");
    }
    this.#bytes -= bytes;
    if (this.#bytes < 0) {
      throw violation("credit-exceeded");
    }
  }

  /** @throws BulkheadError PROTOCOL_VIOLATION for a second `end`. */
  close(): void {
    if (!this.#open) {
      throw violation("data-after-end");
    }
    this.#open = false;
  }

  /**
   * Counts what the reader consumed.
   * @returns how much credit to grant now: 0 until half a window has gathered, so that small reads cost no frame each
   */
  consume(bytes: number): number {
    this.#consumed += bytes;
    if (!this.#open || this.#consumed < WINDOW_BYTES / 2) {
      return 0;
    }
    const grant = this.#consumed;
    this.#consumed = 0;
    this.#bytes += grant;
    return grant;
  }
}
