import type { DirectoryEntry, Level } from "bulkhead";
import { RemoteProcess } from "./process.js";
import { runStreamed } from "./program.js";
import type { RemoteExecOptions, RemoteResult, RemoteStartOptions } from "./results.js";
import type { Transport } from "./transport.js";

/** Files of a sandbox on the server. Paths are absolute, inside. */
export class RemoteFiles {
  readonly #transport: Transport;
  readonly #base: string;

  constructor(transport: Transport, base: string) {
    this.#transport = transport;
    this.#base = base;
  }

  async read(path: string): Promise<Buffer> {
    return Buffer.from(await (await this.#transport.send("GET", this.#at("files", path))).arrayBuffer());
  }

  async readText(path: string): Promise<string> {
    return (await this.read(path)).toString();
  }

  async write(path: string, content: string | Uint8Array): Promise<void> {
    await this.#transport.send("PUT", this.#at("files", path), { bytes: Buffer.from(content) });
  }

  async list(path: string): Promise<readonly DirectoryEntry[]> {
    const { entries } = await this.#transport.json<{ entries: DirectoryEntry[] }>("GET", this.#at("directories", path));
    return entries;
  }

  /** Creates a directory and its parents. */
  async mkdir(path: string): Promise<void> {
    await this.#transport.send("PUT", this.#at("directories", path));
  }

  async remove(path: string, { recursive = false }: { readonly recursive?: boolean } = {}): Promise<void> {
    await this.#transport.send("DELETE", `${this.#at("files", path)}&recursive=${recursive}`);
  }

  #at(kind: "files" | "directories", path: string): string {
    return `${this.#base}/${kind}?path=${encodeURIComponent(path)}`;
  }
}

/** A sandbox on the server: as the library's, but it lasts until it expires, whatever happens to this process. */
export class RemoteSandbox implements AsyncDisposable {
  readonly id: string;
  readonly level: Level;
  readonly files: RemoteFiles;
  readonly #transport: Transport;

  constructor(transport: Transport, { id, level }: { readonly id: string; readonly level: Level }) {
    this.id = id;
    this.level = level;
    this.#transport = transport;
    this.files = new RemoteFiles(transport, this.#path);
  }

  get #path(): string {
    return `/v1/sandboxes/${encodeURIComponent(this.id)}`;
  }

  /** Runs a program to its end and returns its output. @throws ApiError */
  async run(argv: readonly string[], options: RemoteExecOptions = {}): Promise<RemoteResult> {
    return await runStreamed(this.#transport, `${this.#path}/executions`, { argv }, options);
  }

  /** Starts a program that runs on whatever happens to this connection. @throws ApiError */
  async start(argv: readonly string[], { input, ...options }: RemoteStartOptions = {}): Promise<RemoteProcess> {
    const given = input === undefined ? {} : { inputBase64: Buffer.from(input).toString("base64") };
    const json = { argv, detach: true, ...options, ...given };
    const { id } = await this.#transport.json<{ id: string }>("POST", `${this.#path}/executions`, { json });
    return this.process(id);
  }

  /** A program that an earlier `start` began, perhaps of another process. */
  process(id: string): RemoteProcess {
    return new RemoteProcess(this.#transport, `${this.#path}/executions/${encodeURIComponent(id)}`, id);
  }

  /** Lets the sandbox live for `ttlMs` from now. */
  async extend(ttlMs: number): Promise<void> {
    await this.#transport.send("POST", `${this.#path}/extend`, { json: { ttlMs } });
  }

  /** Kills everything inside. Resolves when nothing is left. */
  async kill(): Promise<void> {
    await this.#transport.send("DELETE", this.#path);
  }

  async close(): Promise<void> {
    await this.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
