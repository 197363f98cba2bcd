import { type ChildProcess, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { TemporaryDirectory } from "../../support/temporary.js";

const launcher = new URL("../../../bulkhead", import.meta.url).pathname;

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON, with the fields that a test reads. */
  // biome-ignore lint/suspicious/noExplicitAny: a test compares what the server really sent.
  readonly json: any;
}

export interface Sent {
  /** Default: the operator's; null: none. */
  readonly token?: string | null;
  readonly json?: unknown;
  readonly bytes?: Uint8Array | string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** `bulkhead serve` as a process, as its operators start it. */
export class TestServer implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #log: string[];
  readonly url: string;
  readonly token: string;
  readonly lost: readonly string[];
  /** The line that it printed. */
  readonly said: string;

  private constructor(child: ChildProcess, log: string[], told: Pick<TestServer, "url" | "token" | "lost" | "said">) {
    this.#child = child;
    this.#log = log;
    this.url = told.url;
    this.token = told.token;
    this.lost = told.lost;
    this.said = told.said;
  }

  /** Starts a server with this state directory. */
  static async start(state: TemporaryDirectory, ...args: readonly string[]): Promise<TestServer> {
    const fixed = ["serve", "--json", "--listen", "127.0.0.1:0", "--state", state.path, "--drain", "20"];
    const child = spawn(launcher, [...fixed, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    const log: string[] = [];
    child.stderr.setEncoding("utf8").on("data", (text: string) => log.push(text));
    for await (const line of createInterface({ input: child.stdout })) {
      const { url, lost, tokenFile } = JSON.parse(line);
      const token = tokenFile === null ? "" : (await readFile(tokenFile, "utf8")).trim();
      return new TestServer(child, log, { url, lost, token, said: line });
    }
    throw new Error(`the server did not start: ${log.join("")}`);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Everything that the server logged. */
  get log(): string {
    return this.#log.join("");
  }

  async send(method: string, path: string, sent: Sent = {}): Promise<Reply> {
    const response = await this.fetch(method, path, sent);
    const text = await response.text();
    const isJson = /json/.test(response.headers.get("content-type") ?? "");
    return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : undefined };
  }

  /** As `send`, with the body not yet read. */
  async fetch(method: string, path: string, { token = this.token, json, bytes, headers, signal }: Sent) {
    const type = json === undefined ? "application/octet-stream" : "application/json";
    const body = json === undefined ? bytes : JSON.stringify(json);
    return await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-type": type }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  /** A token of a new project. */
  async tenant(
    name: string,
    { floor, quotas = BUSY, scopes = ["sandboxes:read", "sandboxes:write"] }: TenantOptions = {},
  ) {
    const project = await this.send("POST", "/v1/projects", { json: { organisation: "test", name, floor, quotas } });
    const token = await this.send("POST", "/v1/tokens", { json: { name, scopes, project: project.json.id } });
    if (token.status !== 201) throw new Error(project.text + token.text);
    return { project: project.json.id as string, token: token.json.token as string, tokenId: token.json.id as string };
  }

  /** Ends the process with a signal, and returns its exit code. */
  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode;
    const exited = new Promise<number | null>((resolve) => this.#child.once("exit", resolve));
    this.#child.kill(signal);
    return await exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}

/** A test sends more requests in a second than a person. */
const BUSY = { requestsPerSecond: 10_000 };

export interface TenantOptions {
  readonly floor?: object;
  readonly quotas?: object;
  readonly scopes?: readonly string[];
}

/** A server whose state lasts as long as it does. */
export async function startServer(purpose: string, ...args: readonly string[]) {
  const state = await TemporaryDirectory.create(purpose);
  const server = await TestServer.start(state, ...args);
  const close = async () => {
    await server.end();
    await state[Symbol.asyncDispose]();
  };
  return { server, state, close };
}

export interface ServerEvent {
  readonly id?: string | undefined;
  readonly event: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test compares what the server really sent.
  readonly data: any;
}

/** The events of an answer, as they come. */
export async function* eventsOf(response: Response): AsyncGenerator<ServerEvent, void, void> {
  let text = "";
  for await (const piece of response.body ?? []) {
    text += Buffer.from(piece).toString();
    for (let end = text.indexOf("\n\n"); end !== -1; end = text.indexOf("\n\n")) {
      const [, id, event, data] = /^(?:id: (.*)\n)?event: (\w+)\ndata: (.*)$/.exec(text.slice(0, end)) ?? [];
      text = text.slice(end + 2);
      if (event !== undefined && data !== undefined) yield { id, event, data: JSON.parse(data) };
    }
  }
}

/** What events of one kind carried, as text. */
export function outputOf(events: readonly ServerEvent[], kind: "stdout" | "stderr"): string {
  return Buffer.concat(
    events.flatMap(({ event, data }) => (event === kind ? [Buffer.from(data.data, "base64")] : [])),
  ).toString();
}
