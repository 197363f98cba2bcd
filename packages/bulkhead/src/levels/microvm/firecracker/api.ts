import { Agent, type IncomingMessage, request } from "node:http";
import type { Socket } from "node:net";
import { type JsonObject, parseObject } from "../../../channel/json.js";
import { BulkheadError } from "../../../errors/bulkhead-error.js";
import { defined } from "../../../values/defined.js";

/** The longest expected answer is an error message. */
const LONGEST_BODY = 64 * 1024;
const ANSWER_MS = 30_000;

type Method = "GET" | "PUT" | "PATCH";

/**
 * Firecracker's published API (its `firecracker.yaml`), over one connection that was opened before the launch. Answers
 * are hostile, as everything from a jail is: bounded in length and time, and taken only as success or failure.
 */
export class FirecrackerApi {
  readonly #agent: Agent;
  readonly #stream: Socket;
  #lost: BulkheadError | undefined;

  constructor(stream: Socket) {
    this.#stream = stream;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 1 });
    let used = false;
    this.#agent.createConnection = (_, created) => {
      if (!used) {
        used = true;
        return stream;
      }
      // There is only one connection: an agent that asks for another one has lost it. Throwing here would end this
      // process, because the agent also asks from the event that reports the end.
      created?.(failed("connect", "connection ended"), stream);
      return undefined;
    };
    stream.on("error", () => this.#lose("connection failed")).on("close", () => this.#lose("connection ended"));
  }

  /**
   * Sends one request after the other. A request that takes longer than `withinMs` counts as refused.
   * @throws BulkheadError VMM_FAILED with Firecracker's own reason; VMM_PROTOCOL_VIOLATION
   */
  async call(method: Method, path: string, body?: JsonObject, withinMs = ANSWER_MS): Promise<JsonObject> {
    if (this.#lost !== undefined) throw this.#lost;
    const operation = `${method} ${path}`;
    const { status, text } = await this.#exchange(method, path, body, withinMs);
    const answer = text.length === 0 ? {} : parseObject(text);
    if (status === 204 || status === 200) {
      if (answer !== undefined) return answer;
      throw this.#violated(operation, "not a JSON object");
    }
    const reason = answer?.["fault_message"];
    throw failed(operation, typeof reason === "string" ? reason.slice(0, 300) : `status ${status}`);
  }

  put(path: string, body: JsonObject, withinMs = ANSWER_MS): Promise<JsonObject> {
    return this.call("PUT", path, body, withinMs);
  }

  close(): void {
    this.#lose("closed");
    this.#agent.destroy();
    this.#stream.destroy();
  }

  async #exchange(
    method: Method,
    path: string,
    body: JsonObject | undefined,
    withinMs: number,
  ): Promise<{ readonly status: number; readonly text: Buffer }> {
    const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    return await new Promise((resolve, reject) => {
      const fail = (error: unknown) =>
        reject(error instanceof BulkheadError ? error : failed(`${method} ${path}`, "connection failed", error));
      const outgoing = request({
        agent: this.#agent,
        method,
        path,
        headers:
          bytes === undefined
            ? { host: "localhost" }
            : { host: "localhost", "content-type": "application/json", "content-length": bytes.length },
        maxHeaderSize: 8192,
        timeout: withinMs,
      });
      outgoing.once("timeout", () => outgoing.destroy(failed(`${method} ${path}`, `no answer in ${withinMs} ms`)));
      outgoing.once("error", fail);
      outgoing.once("response", (incoming) => {
        bounded(incoming).then((text) => resolve({ status: incoming.statusCode ?? 0, text }), fail);
      });
      outgoing.end(bytes);
    });
  }

  #violated(operation: string, detail: string): BulkheadError {
    this.#stream.destroy();
    return new BulkheadError("VMM_PROTOCOL_VIOLATION", { operation, detail });
  }

  #lose(detail: string): void {
    this.#lost ??= failed("api", detail);
  }
}

async function bounded(incoming: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of incoming as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > LONGEST_BODY) {
      incoming.destroy();
      throw new BulkheadError("VMM_PROTOCOL_VIOLATION", { operation: "answer", detail: `above ${LONGEST_BODY} bytes` });
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function failed(operation: string, detail: string, cause?: unknown): BulkheadError {
  return new BulkheadError("VMM_FAILED", { operation, detail, ...defined({ cause }) });
}
