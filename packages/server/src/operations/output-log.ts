import { BulkheadError } from "bulkhead";
import type { Project } from "../store/store.js";
import type { Quotas } from "../tenants/quotas.js";
import type { OutputSink } from "./output.js";

type Stream = "stdout" | "stderr";

interface Piece {
  readonly stream: Stream;
  readonly bytes: Buffer;
  /** Bytes of both streams before it. */
  readonly offset: number;
}

/** Output from an offset on; `end` is the offset after it, from which a reader continues. */
export interface OutputPiece {
  readonly stream: Stream;
  readonly bytes: Buffer;
  readonly end: number;
}

/** No event is larger: a reader that is cut off repeats at most this. */
const PIECE_BYTES = 64 * 1024;
/** A program may write one byte at a time: small pieces become one, and each counts as what its objects take. */
const [MERGED_BYTES, PIECE_COST] = [1024, 256];

/**
 * Output of one program, of both streams in the order in which it came, in memory, and counted against the quota of the
 * project. Readers may come at any time, and each reads every byte from where it likes.
 */
export class OutputLog implements OutputSink {
  readonly #quotas: Quotas;
  readonly #project: Project;
  #pieces: Piece[] = [];
  #bytes = 0;
  /** What counts against the quota. */
  #held = 0;
  /** Whether the program has ended, with its result. */
  #ended = false;
  /** What still comes from a program that has ended is not held. */
  #released = false;
  #readers = 0;
  /** Readers that have everything so far. */
  readonly #waiting = new Set<() => void>();
  /** Whether the output is gone. */
  #freed = false;

  constructor(quotas: Quotas, project: Project) {
    this.#quotas = quotas;
    this.#project = project;
  }

  async stdout(bytes: Buffer): Promise<void> {
    this.#hold("stdout", bytes);
  }

  async stderr(bytes: Buffer): Promise<void> {
    this.#hold("stderr", bytes);
  }

  #hold(stream: Stream, bytes: Buffer): void {
    if (this.#released || this.#ended) return;
    const last = this.#pieces.at(-1);
    const isMerged = last?.stream === stream && last.bytes.length + bytes.length <= MERGED_BYTES;
    const cost = bytes.length + (isMerged ? 0 : PIECE_COST);
    this.#quotas.hold(this.#project, cost);
    this.#held += cost;
    if (isMerged) this.#pieces[this.#pieces.length - 1] = { ...last, bytes: Buffer.concat([last.bytes, bytes]) };
    else this.#pieces.push({ stream, bytes: compact(bytes), offset: this.#bytes });
    this.#bytes += bytes.length;
    this.#announce();
  }

  #announce(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /** No more output comes. */
  end(): void {
    this.#ended = true;
    this.#announce();
  }

  /** What it holds of the server's memory. */
  get heldBytes(): number {
    return this.#held;
  }

  /** The output as text; invalid UTF-8 is replaced. */
  text(): { readonly stdout: string; readonly stderr: string } {
    const of = (wanted: Stream) =>
      Buffer.concat(this.#pieces.flatMap(({ stream, bytes }) => (stream === wanted ? [bytes] : []))).toString();
    return { stdout: of("stdout"), stderr: of("stderr") };
  }

  /**
   * Every byte from an offset on, then the end of the program; stops when `signal` is aborted.
   * @throws BulkheadError API_REQUEST_INVALID for an offset beyond the output
   */
  read(from: number, signal: AbortSignal): AsyncIterable<OutputPiece> {
    if (from > this.#bytes) {
      throw new BulkheadError("API_REQUEST_INVALID", { detail: `from: the output has ${this.#bytes} bytes so far` });
    }
    return this.#from(from, signal);
  }

  async *#from(from: number, signal: AbortSignal): AsyncGenerator<OutputPiece, void, void> {
    if (this.#freed) throw new BulkheadError("API_NOT_FOUND", { detail: "output: the server does not keep it" });
    const wake = () => this.#announce();
    signal.addEventListener("abort", wake, { once: true });
    this.#readers += 1;
    try {
      let offset = from;
      while (!signal.aborted) {
        const piece = this.#pieces[this.#indexOf(offset)];
        if (piece === undefined) {
          if (this.#ended) return;
          await new Promise<void>((resolve) => this.#waiting.add(resolve));
          continue;
        }
        const start = offset - piece.offset;
        const bytes = piece.bytes.subarray(start, start + PIECE_BYTES);
        offset += bytes.length;
        yield { stream: piece.stream, bytes, end: offset };
      }
    } finally {
      signal.removeEventListener("abort", wake);
      this.#readers -= 1;
      if (this.#released) this.#free();
    }
  }

  /** The piece that holds the byte at this offset. */
  #indexOf(offset: number): number {
    let [low, high] = [0, this.#pieces.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const piece = this.#pieces[middle];
      if (piece !== undefined && piece.offset + piece.bytes.length <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Forgets the output, when those who read it now have it, and gives its memory back. */
  release(): void {
    this.#released = true;
    this.end();
    this.#free();
  }

  #free(): void {
    if (this.#readers > 0) return;
    this.#freed = true;
    this.#quotas.hold(this.#project, -this.#held);
    this.#held = 0;
    this.#pieces = [];
  }
}

/** A small part of a frame would keep the memory of the whole frame. */
function compact(bytes: Buffer): Buffer {
  return bytes.length * 2 < bytes.buffer.byteLength ? Buffer.from(bytes) : bytes;
}
