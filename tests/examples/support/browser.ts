/** Chromium, driven over its debugging pipe: https://chromedevtools.github.io/devtools-protocol/ */

import { type ChildProcess, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { TemporaryDirectory } from "../../support/temporary.js";

const FLAGS = [
  "--headless",
  // The pages are this project's own, and Chromium's sandbox does not start as root.
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-background-networking",
  "--disable-component-update",
  "--no-first-run",
  "--hide-scrollbars",
  "--remote-debugging-pipe",
];

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly sessionId?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

interface Waiting {
  readonly resolve: (result: Readonly<Record<string, unknown>>) => void;
  readonly reject: (error: Error) => void;
}

export class Browser implements AsyncDisposable {
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners = new Set<(message: Message) => void>();
  #id = 0;
  #unread = "";

  private constructor(
    private readonly child: ChildProcess,
    private readonly profile: TemporaryDirectory,
  ) {
    const output = child.stdio[4] as Readable;
    output.setEncoding("utf8");
    output.on("data", (text: string) => this.#read(text));
    child.on("exit", () => this.#fail(new Error("Chromium has ended")));
    child.on("error", (error) => this.#fail(error));
  }

  static async start(program = "chromium"): Promise<Browser> {
    const profile = await TemporaryDirectory.create("chromium");
    const argv = [...FLAGS, `--user-data-dir=${profile.path}`];
    const stdio = ["ignore", "ignore", "ignore", "pipe", "pipe"] as const;
    const env = { ...process.env, HOME: profile.path, XDG_CONFIG_HOME: profile.path, XDG_CACHE_HOME: profile.path };
    return new Browser(spawn(program, argv, { stdio: [...stdio], env }), profile);
  }

  send(method: string, params: object = {}, sessionId?: string): Promise<Readonly<Record<string, unknown>>> {
    this.#id += 1;
    const id = this.#id;
    const written = JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) });
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      (this.child.stdio[3] as Writable).write(`${written}\0`);
    });
  }

  listen(listener: (message: Message) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.child.once("close", resolve));
    await this.send("Browser.close").catch(() => this.child.kill("SIGKILL"));
    if (this.child.exitCode === null && this.child.signalCode === null) await ended;
    await this.profile[Symbol.asyncDispose]();
  }

  #read(text: string): void {
    const messages = `${this.#unread}${text}`.split("\0");
    this.#unread = messages.pop() ?? "";
    for (const each of messages) this.#take(JSON.parse(each) as Message);
  }

  #take(message: Message): void {
    const waiting = message.id === undefined ? undefined : this.#waiting.get(message.id);
    if (message.id === undefined || waiting === undefined) {
      for (const listener of this.#listeners) listener(message);
      return;
    }
    this.#waiting.delete(message.id);
    if (message.error === undefined) waiting.resolve(message.result ?? {});
    else waiting.reject(new Error(message.error.message));
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
