import type { Socket } from "node:net";
import type { JsonObject } from "../channel/json.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { errorFromWire } from "../errors/wire.js";
import { encodeMessage, MessageDecoder } from "./wire.js";

/** Handles messages that the broker sends unasked. */
export interface ControlEvents {
  message(type: string, message: JsonObject): void;
  /** The connection is gone; pending replies have already failed with the same error. */
  lost(error: BulkheadError): void;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: BulkheadError) => void;
}

/** A control connection: numbered requests with their replies, and other messages. */
export class Control {
  readonly #socket: Socket;
  readonly #events: ControlEvents;
  readonly #lastWords: () => string;
  readonly #waiting = new Map<number, Waiting>();
  #seq = 0;
  #lost: BulkheadError | undefined;
  #users = 0;

  constructor(socket: Socket, events: ControlEvents, lastWords: () => string) {
    this.#socket = socket;
    this.#events = events;
    this.#lastWords = lastWords;
    const decoder = new MessageDecoder((message) => this.#receive(message));
    socket.on("data", (chunk: Buffer) => this.#push(decoder, chunk));
    socket.on("error", (cause: NodeJS.ErrnoException) => this.#lose(cause));
    socket.on("end", () => this.#lose());
    socket.on("close", () => this.#lose());
    socket.unref();
  }

  get lost(): BulkheadError | undefined {
    return this.#lost;
  }

  /** Keeps Node alive until {@link release}. */
  hold(): void {
    this.#users += 1;
    if (this.#users === 1) {
      this.#socket.ref();
    }
  }

  release(): void {
    this.#users -= 1;
    if (this.#users === 0) {
      this.#socket.unref();
    }
  }

  /** Sends a request and returns the reply's value. @throws BulkheadError the reply's own, or BROKER_LOST */
  async ask(type: string, id: string): Promise<unknown> {
    if (this.#lost !== undefined) {
      throw this.#lost;
    }
    this.#seq += 1;
    const seq = this.#seq;
    this.hold();
    try {
      return await new Promise<unknown>((resolve, reject) => {
        this.#waiting.set(seq, { resolve, reject });
        this.send({ type, seq, id });
      });
    } finally {
      this.release();
    }
  }

  /** Sends a request and ignores the reply. */
  tell(type: string, id: string): void {
    this.#seq += 1;
    this.send({ type, seq: this.#seq, id });
  }

  send(message: object): void {
    if (this.#lost === undefined) {
      this.#socket.write(encodeMessage(JSON.stringify(message)));
    }
  }

  /** Ends the connection, and every sandbox of its session. */
  close(): void {
    this.#lose();
  }

  #push(decoder: MessageDecoder, chunk: Buffer): void {
    if (this.#lost !== undefined) {
      return;
    }
    try {
      decoder.push(chunk);
    } catch (error) {
      this.#lose(error);
    }
  }

  #receive(message: JsonObject): void {
    const type = message["type"];
    if (type === "reply") {
      this.#receiveReply(message);
    } else if (typeof type === "string") {
      this.#events.message(type, message);
    }
  }

  #receiveReply(message: JsonObject): void {
    const seq = message["seq"];
    const waiting = typeof seq === "number" ? this.#waiting.get(seq) : undefined;
    if (typeof seq !== "number" || waiting === undefined) {
      return;
    }
    this.#waiting.delete(seq);
    if (message["error"] === undefined) {
      waiting.resolve(message["value"]);
    } else {
      waiting.reject(errorFromWire(message["error"], "BROKER_LOST"));
    }
  }

  #lose(cause?: unknown): void {
    if (this.#lost !== undefined) {
      return;
    }
    const words = this.#lastWords();
    const detail = words === "" ? {} : { detail: words };
    const lost =
      cause instanceof BulkheadError
        ? cause
        : new BulkheadError("BROKER_LOST", { operation: "control", cause, ...detail });
    this.#lost = lost;
    this.#socket.destroy();
    for (const waiting of this.#waiting.values()) {
      waiting.reject(lost);
    }
    this.#waiting.clear();
    this.#events.lost(lost);
  }
}
