import { rmdirSync, unlinkSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { dirname } from "node:path";
import { BulkheadError } from "bulkhead";
import { jsonLine } from "../../output/write.js";
import { withLock } from "./claim.js";
import { dial } from "./client.js";
import { LineSplitter, type Request, readRequest } from "./messages.js";
import { controlSocket } from "./place.js";

/** Answers one request. `lines` receives the lines that follow it. */
export type Answerer = (request: Request, reply: (value: object) => boolean, connection: Connected) => Promise<void>;

/** Lines that may arrive before anything listens to them. */
const MOST_EARLY = 16;

/** A connection whose request has been read. */
export class Connected {
  readonly socket: Socket;
  #early: string[] = [];
  #listener: ((line: string) => void) | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  /** Calls `listener` with each line after the request, those that have arrived already included. */
  listen(listener: (line: string) => void): void {
    const early = this.#early;
    this.#early = [];
    this.#listener = listener;
    this.socket.resume();
    for (const line of early) listener(line);
  }

  push(line: string): void {
    if (this.#listener !== undefined) this.#listener(line);
    else this.#early.push(line);
    if (this.#early.length >= MOST_EARLY) this.socket.pause();
  }
}

interface Open {
  readonly sockets: Set<Socket>;
  readonly answers: Set<Promise<void>>;
}

const GOODBYE_MS = 1_000;
const MOST_CONNECTIONS = 64;
/** Another `up` holds the claim for milliseconds. */
const CLAIM_MS = 10_000;

/** The control socket of a service, which is also the claim to its name. */
export class ControlServer {
  readonly #server: Server;
  readonly #open: Open;
  readonly #directory: string;

  private constructor(server: Server, open: Open, directory: string) {
    this.#server = server;
    this.#open = open;
    this.#directory = directory;
  }

  /** @throws BulkheadError SERVICE_RUNNING; PATH_UNUSABLE if no directory can be this user's alone */
  static async open(name: string, answer: Answerer): Promise<ControlServer> {
    // Only one `up` at a time may replace the socket of a supervisor that was killed.
    const lock = () => `${socketFor(name)}.lock`;
    const server = await withLock(lock, CLAIM_MS, async () => await ControlServer.#listen(name, answer));
    if (server === undefined) throw new BulkheadError("SERVICE_RUNNING", { operation: "up", detail: name });
    return server;
  }

  static async #listen(name: string, answer: Answerer): Promise<ControlServer> {
    const open: Open = { sockets: new Set(), answers: new Set() };
    const path = socketFor(name);
    for (let attempt = 0; attempt < 5; attempt++) {
      const server = createServer({ allowHalfOpen: true }, (socket) => serve(socket, open, answer));
      server.maxConnections = MOST_CONNECTIONS;
      const failure = await listening(server, path);
      if (failure === undefined) return new ControlServer(server, open, dirname(path));
      if (failure !== "EADDRINUSE") continue;
      const other = await dial(name);
      other?.destroy();
      if (other !== undefined) throw new BulkheadError("SERVICE_RUNNING", { operation: "up", detail: name });
      // Its supervisor was killed: nothing listens there.
      removeIfThere(path);
    }
    throw new BulkheadError("SERVICE_RUNNING", { operation: "listen", detail: name });
  }

  /** Accepts no more requests, and lets the answers to the last ones leave. */
  async close(): Promise<void> {
    this.#server.close();
    const late = new Promise((resolve) => setTimeout(resolve, GOODBYE_MS).unref());
    await Promise.race([Promise.allSettled(this.#open.answers), late]);
    for (const socket of this.#open.sockets) socket.destroy();
    removeIfEmpty(this.#directory);
  }
}

function socketFor(name: string): string {
  const path = controlSocket(name, true);
  if (path !== undefined) return path;
  throw new BulkheadError("PATH_UNUSABLE", {
    operation: "listen",
    detail: "no private directory for the control socket",
  });
}

/** The directory stays for others that have a socket in it. */
function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // It is not empty, or gone.
  }
}

function listening(server: Server, path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "EIO"));
    server.listen({ path }, () => resolve(undefined));
  });
}

function serve(socket: Socket, { sockets, answers }: Open, answer: Answerer): void {
  sockets.add(socket);
  socket.on("error", () => undefined);
  socket.on("close", () => sockets.delete(socket));
  const connected = new Connected(socket);
  const lines = new LineSplitter();
  let asked = false;
  socket.setEncoding("utf8");
  socket.on("data", (text: string) => {
    const complete = lines.push(text);
    if (complete === undefined) socket.destroy();
    for (const line of complete ?? []) {
      if (asked) connected.push(line);
      else {
        const answered = respond(line, connected, answer).finally(() => answers.delete(answered));
        answers.add(answered);
      }
      asked = true;
    }
  });
}

async function respond(line: string, connected: Connected, answer: Answerer): Promise<void> {
  const { socket } = connected;
  const reply = (value: object) => !socket.destroyed && socket.write(jsonLine(value));
  try {
    const request = readRequest(line);
    if (request === undefined) throw new BulkheadError("REQUEST_INVALID", { operation: "service" });
    await answer(request, reply, connected);
  } catch (error) {
    const described = error instanceof BulkheadError ? error.toJSON() : { code: "UNEXPECTED", detail: String(error) };
    reply({ error: described });
  }
  await new Promise<void>((resolve) => socket.end(resolve));
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Another `up` was faster.
  }
}
