import type { Duplex } from "node:stream";
import { FrameDecoder } from "../../src/channel/decoder.js";
import { creditFrame, dataHeader, endFrame, frame, helloFrame, jsonFrame } from "../../src/channel/frames.js";
import { type FrameKind, Kind, MAX_JSON_BYTES } from "../../src/channel/protocol.js";

/** A frame that the host sent. */
export interface Received {
  readonly kind: FrameKind;
  readonly stream: number;
  readonly payload: Buffer;
}

/** The other end of a channel, in the hands of a test: it says what it is told to, true or false. */
export class FakeInit {
  readonly received: Received[] = [];
  readonly #transport: Duplex;
  readonly #waiting: (() => void)[] = [];

  constructor(transport: Duplex) {
    this.#transport = transport;
    const decoder = new FrameDecoder("host", (kind, stream, payload) => {
      this.received.push({ kind, stream, payload: Buffer.from(payload) });
      for (const wake of this.#waiting.splice(0)) wake();
    });
    transport.on("data", (chunk: Buffer) => decoder.push(chunk));
    transport.on("error", () => undefined);
  }

  /** The first frame of a kind that has come or will come, taken out of `received`. */
  async next(kind: FrameKind): Promise<Received> {
    for (;;) {
      const index = this.received.findIndex((received) => received.kind === kind);
      const [found] = index === -1 ? [] : this.received.splice(index, 1);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  raw(bytes: Uint8Array): void {
    this.#transport.write(bytes);
  }

  end(): void {
    this.#transport.end();
  }

  hello(): void {
    this.raw(helloFrame);
  }

  accept(stream: number, value: object = {}): void {
    this.raw(jsonFrame(Kind.accept, stream, value));
  }

  result(stream: number, value: object): void {
    this.raw(jsonFrame(Kind.result, stream, { ok: true, value }, MAX_JSON_BYTES.init));
  }

  failure(stream: number, error: object): void {
    this.raw(jsonFrame(Kind.result, stream, { ok: false, error }, MAX_JSON_BYTES.init));
  }

  data(stream: number, fd: number, bytes: Uint8Array | string): void {
    const payload = Buffer.from(bytes);
    this.raw(Buffer.concat([dataHeader(stream, fd, payload.length), payload]));
  }

  endOf(stream: number, fd: number): void {
    this.raw(endFrame(stream, fd));
  }

  credit(stream: number, fd: number, bytes: number): void {
    this.raw(creditFrame(stream, fd, bytes));
  }

  empty(kind: FrameKind, stream: number): void {
    this.raw(frame(kind, stream, Buffer.alloc(0)));
  }
}
