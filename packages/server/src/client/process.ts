import type { ExecutionResult } from "../operations/results.js";
import { ApiError } from "./errors.js";
import { eventsOf, outputOf, type Pieces, type ServerEvent } from "./program.js";
import type { RemoteResult } from "./results.js";
import type { Transport } from "./transport.js";

/** Bytes of one stream; reading can continue from `offset`. */
export interface RemoteOutput {
  readonly stream: "stdout" | "stderr";
  readonly bytes: Buffer;
  /** Bytes of both streams up to here. */
  readonly offset: number;
}

export interface OutputOptions {
  /** Start after this many bytes of both streams. Default: 0. */
  readonly from?: number;
  /** Stops reading; the program continues. */
  readonly signal?: AbortSignal;
}

/** Times that a broken connection is opened again without a byte in between, and the pause before the first. */
const [ATTEMPTS, PAUSE_MS] = [8, 50];

/** A program that runs on whatever happens to connections: each output reads every byte, from where it likes. */
export class RemoteProcess {
  readonly id: string;
  readonly #transport: Transport;
  readonly #path: string;

  constructor(transport: Transport, path: string, id: string) {
    this.#transport = transport;
    this.#path = path;
    this.id = id;
  }

  /** Its output so far and as it comes, in order. Opens a broken connection again. @throws ApiError */
  async *output(options: OutputOptions = {}): AsyncGenerator<RemoteOutput, void, void> {
    for await (const { id, event, data } of this.#events(options)) {
      if (event !== "stdout" && event !== "stderr") return;
      yield { stream: event, bytes: Buffer.from(String(data["data"]), "base64"), offset: Number(id) };
    }
  }

  /** Waits for its end; the result has the whole output. @throws ApiError SANDBOX_LOST if it was lost */
  async result(options: Pick<OutputOptions, "signal"> = {}): Promise<RemoteResult> {
    const pieces = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
    for await (const { event, data } of this.#events(options)) {
      if (event === "stdout" || event === "stderr") pieces[event].push(Buffer.from(String(data["data"]), "base64"));
      else return withOutput(data["result"] as ExecutionResult | null, pieces);
    }
    throw lost();
  }

  async *#events({ from = 0, signal }: OutputOptions): AsyncGenerator<ServerEvent, void, void> {
    let last = String(from);
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      try {
        const sent = { accept: "text/event-stream", lastEventId: last, signal };
        for await (const event of eventsOf(await this.#transport.send("GET", `${this.#path}/output`, sent))) {
          yield event;
          if (event.event === "result") return;
          last = event.id ?? last;
          attempt = 0;
        }
      } catch (error) {
        // The server answered, or the caller stopped: nothing is broken.
        if (error instanceof ApiError || signal?.aborted === true) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * 2 ** attempt));
    }
    throw lost();
  }

  /** Writes to its stdin, which `start` left open. */
  async write(bytes: string | Uint8Array, { end = false }: { readonly end?: boolean } = {}): Promise<void> {
    await this.#transport.send("POST", `${this.#path}/stdin?end=${end}`, { bytes: Buffer.from(bytes) });
  }

  /** Sends a signal to its process group. */
  async kill(signal = "SIGTERM"): Promise<void> {
    await this.#transport.send("POST", `${this.#path}/signal`, { json: { signal } });
  }
}

function withOutput(result: ExecutionResult | null, pieces: Pieces): RemoteResult {
  if (result === null) throw lost();
  return { ...result, ...outputOf(pieces) };
}

function lost(): ApiError {
  return new ApiError(502, { code: "SANDBOX_LOST", detail: "the server no longer has the program, or is gone" });
}
