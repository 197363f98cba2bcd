import { MAX_CREDIT, WINDOW_BYTES } from "./protocol.js";
import { violation } from "./violation.js";

/** Credit left for sending on one (stream, fd). */
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

/** Credit left for the other side on one (stream, fd), and bytes that its reader has consumed but not granted again. */
export class ReceiveWindow {
  #bytes = WINDOW_BYTES;
  #consumed = 0;
  #open = true;

  get open(): boolean {
    return this.#open;
  }

  /** Counts received data. @throws BulkheadError PROTOCOL_VIOLATION if it exceeds the credit */
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
   * Counts consumed data.
   * @returns how much credit to grant now: 0 until half a window has accumulated, so that small reads do not cost a
   * frame each
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
