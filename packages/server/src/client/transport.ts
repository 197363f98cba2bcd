import { ApiError } from "./errors.js";

export interface Sent {
  readonly json?: unknown;
  readonly bytes?: Uint8Array;
  readonly accept?: string;
  /** Of the last event of a stream that is resumed. */
  readonly lastEventId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Requests to one server with one token. */
export class Transport {
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#url = url.replace(/\/+$/, "");
    this.#token = token;
  }

  /** @throws ApiError unless the server answers with success */
  async send(method: string, path: string, { json, bytes, accept, lastEventId, signal }: Sent = {}): Promise<Response> {
    const body = json === undefined ? bytes : JSON.stringify(json);
    const type = json === undefined ? "application/octet-stream" : "application/json";
    const response = await fetch(`${this.#url}${path}`, {
      method,
      // The token goes to this server alone.
      redirect: "error",
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(accept === undefined ? {} : { accept }),
        ...(lastEventId === undefined ? {} : { "last-event-id": lastEventId }),
        ...(body === undefined ? {} : { "content-type": type }),
      },
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    });
    if (!response.ok) throw new ApiError(response.status, await problemOf(response));
    return response;
  }

  async json<Value>(method: string, path: string, sent: Sent = {}): Promise<Value> {
    return (await (await this.send(method, path, sent)).json()) as Value;
  }
}

async function problemOf(response: Response): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await response.json()) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}
