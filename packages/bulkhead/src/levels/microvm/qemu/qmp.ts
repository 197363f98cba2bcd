import type { Duplex } from "node:stream";
import { isObject, type JsonObject, parseObject } from "../../../channel/json.js";
import { BulkheadError } from "../../../errors/bulkhead-error.js";
import { LineReader } from "../lines.js";

/** Longer than any answer to our commands; a compromised monitor must not fill our memory. */
const LONGEST_LINE = 256 * 1024;
const ANSWER_MS = 30_000;
const MOST_WAITING = 64;

interface Waiting {
  readonly command: string;
  readonly resolve: (value: JsonObject) => void;
  readonly reject: (error: BulkheadError) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * The part of QEMU's monitor protocol that is used here. Answers are hostile: QEMU parses the guest's device requests,
 * and the guest may control it. So anything that is not exactly an answer or an event ends the connection.
 */
export class Qmp {
  readonly #stream: Duplex;
  readonly #reader: LineReader;
  readonly #waiting = new Map<number, Waiting>();
  readonly #events = new Map<string, Set<(data: JsonObject) => void>>();
  #next = 1;
  #greeted = false;
  #lost: BulkheadError | undefined;

  constructor(stream: Duplex) {
    this.#stream = stream;
    this.#reader = new LineReader(stream, LONGEST_LINE, {
      line: (line) => this.#receive(line),
      tooLong: () => this.#violated("line too long"),
    });
    const ended = () => this.#lose(new BulkheadError("VMM_FAILED", { operation: "qmp", detail: "connection ended" }));
    stream.on("error", ended).on("end", ended).on("close", ended);
    // The only command allowed first. QEMU queues commands, so no one need wait for the answer.
    this.execute("qmp_capabilities").catch(() => undefined);
  }

  /**
   * Sends one command and waits for its answer. `args` must be ours: nothing from inside.
   * @throws BulkheadError VMM_FAILED, VMM_PROTOCOL_VIOLATION
   */
  execute(command: string, args: JsonObject = {}): Promise<JsonObject> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    if (this.#waiting.size >= MOST_WAITING) return Promise.reject(failed(command, "too many commands wait"));
    const id = this.#next;
    this.#next += 1;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#lose(failed(command, `no answer in ${ANSWER_MS} ms`)), ANSWER_MS);
      timer.unref();
      this.#waiting.set(id, { command, resolve, reject, timer });
      this.#stream.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    });
  }

  /** Calls `handler` for each event of this name. Returns a function that stops it. */
  on(event: string, handler: (data: JsonObject) => void): () => void {
    const handlers = this.#events.get(event) ?? new Set();
    this.#events.set(event, handlers.add(handler));
    return () => handlers.delete(handler);
  }

  close(): void {
    this.#lose(failed("close", "closed"));
    this.#stream.destroy();
  }

  #receive(line: Buffer): void {
    const message = parseObject(line);
    if (message === undefined) {
      this.#violated("not a JSON object");
    } else if (!this.#greeted) {
      this.#greeted = isObject(message["QMP"]);
      if (!this.#greeted) this.#violated("greeting");
    } else if (typeof message["event"] === "string") {
      this.#receiveEvent(message["event"], message["data"]);
    } else {
      this.#answer(message);
    }
  }

  #receiveEvent(event: string, data: unknown): void {
    for (const handler of this.#events.get(event) ?? []) handler(isObject(data) ? data : {});
  }

  #answer({ id, return: value, error }: JsonObject): void {
    const waiting = typeof id === "number" ? this.#waiting.get(id) : undefined;
    if (waiting === undefined) {
      this.#violated("answer to nothing");
      return;
    }
    this.#waiting.delete(id as number);
    clearTimeout(waiting.timer);
    if (value !== undefined && error === undefined) {
      waiting.resolve(isObject(value) ? value : { value });
    } else if (isObject(error) && typeof error["desc"] === "string") {
      waiting.reject(failed(waiting.command, error["desc"].slice(0, 300)));
    } else {
      waiting.reject(failed(waiting.command, "neither answer nor error"));
      this.#violated("answer");
    }
  }

  #violated(detail: string): void {
    this.#lose(new BulkheadError("VMM_PROTOCOL_VIOLATION", { operation: "qmp", detail }));
    this.#stream.destroy();
  }

  #lose(error: BulkheadError): void {
    if (this.#lost !== undefined) return;
    this.#lost = error;
    this.#reader.stop();
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.#waiting.clear();
  }
}

function failed(operation: string, detail: string): BulkheadError {
  return new BulkheadError("VMM_FAILED", { operation: `qmp ${operation}`, detail });
}
