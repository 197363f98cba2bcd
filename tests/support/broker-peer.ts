import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { ms } from "./time.js";

/**
 * Carries bytes between its own stdin and stdout and a socket: whoever runs it is who the broker sees (SO_PEERCRED).
 */
const RELAY = `
const socket = require("node:net").connect(process.argv[1]);
process.stdin.pipe(socket).pipe(process.stdout);
socket.on("error", (error) => { process.stderr.write(error.code + " "); process.exit(1); });
socket.on("close", () => process.exit(0));
`;

/** Anything that the broker says. */
export type Message = Readonly<Record<string, unknown>> & { readonly type: string };

/** One connection to a broker, by a user of the test's choice, that may say whatever it wants. */
export class Peer implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #messages: Message[] = [];
  readonly closed: Promise<void>;
  #bytes = Buffer.alloc(0);
  #wake: () => void = () => undefined;
  #isClosed = false;
  #isChannel = false;
  errors = "";

  constructor(socket: string, user?: { readonly uid: number; readonly gid: number }) {
    const options = { cwd: "/", env: {}, stdio: ["pipe", "pipe", "pipe"] as ["pipe", "pipe", "pipe"], ...user };
    this.#child = spawn(process.execPath, ["-e", RELAY, socket], options);
    this.#child.stdin.on("error", () => undefined);
    this.#child.stderr.on("data", (chunk: Buffer) => {
      this.errors += chunk.toString();
    });
    this.#child.stdout.on("data", (chunk: Buffer) => {
      if (!this.#isChannel) this.#receive(chunk);
    });
    this.closed = new Promise((resolve) => this.#child.once("close", () => resolve()));
    void this.closed.then(() => {
      this.#isClosed = true;
      this.#wake();
    });
  }

  /** A whole message, with its length in front. */
  send(message: unknown): void {
    const body = Buffer.from(JSON.stringify(message));
    this.sendBytes(Buffer.concat([length(body.length), body]));
  }

  sendBytes(bytes: Uint8Array): void {
    this.#child.stdin.write(bytes);
  }

  /** What comes is the channel's from now on, and no message of the broker's. */
  ignoreAnswers(): void {
    this.#isChannel = true;
  }

  /**
   * The next message that `wanted` accepts; undefined when the broker ends the connection instead. Throws when neither
   * comes.
   */
  async next(wanted: (message: Message) => boolean, withinMs = 10_000): Promise<Message | undefined> {
    const end = Date.now() + ms(withinMs);
    for (;;) {
      const index = this.#messages.findIndex(wanted);
      if (index >= 0) return this.#messages.splice(index, 1)[0];
      if (this.#isClosed) return undefined;
      if (Date.now() > end)
        throw new Error(`the broker neither answered nor hung up; it said ${JSON.stringify(this.#messages)}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, 100);
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.closed;
  }

  #receive(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    while (this.#bytes.length >= 4 && this.#bytes.length >= 4 + this.#bytes.readUInt32BE()) {
      const size = this.#bytes.readUInt32BE();
      this.#messages.push(JSON.parse(this.#bytes.subarray(4, 4 + size).toString()) as Message);
      this.#bytes = this.#bytes.subarray(4 + size);
    }
    this.#wake();
  }
}

/** The `u32` that goes in front of a message. */
export function length(bytes: number): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt32BE(bytes);
  return header;
}
