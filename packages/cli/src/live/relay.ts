import { readdirSync, rmdirSync, unlinkSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { Writable } from "node:stream";
import type { RunControl } from "bulkhead";
import { frame, frameOf, type OutputRequest } from "./frames.js";
import { runsDirectory, socketOf } from "./place.js";
import { type Piece, RecentOutput } from "./recent-output.js";

/** A run that is over by then never gets a socket, and costs nothing for it. */
const DELAY_MS = 100;
/** Whoever does not read for so long is let go: it must not hold up the workload. */
const MOST_WAITING = 8 * 1024 * 1024;
const LONGEST_LINE = 1024;
const MOST_FOLLOWERS = 16;
const GOODBYE_MS = 500;
/** What `attach` may pass on: as a terminal would. */
const SIGNALS: ReadonlySet<string> = new Set(["SIGINT", "SIGTERM", "SIGQUIT", "SIGUSR1", "SIGUSR2"]);

/**
 * Passes a run's output on to where it goes, keeps the last of it, and gives it to `bulkhead logs` and `attach` through
 * a socket in a directory of this user's alone.
 */
export class Relay {
  readonly #recent = new RecentOutput();
  readonly #followers = new Set<Socket>();
  #server: Server | undefined;
  #directory: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** Streams for the workload's output. */
  sinks(stdout: Writable, stderr: Writable): { readonly stdout: Writable; readonly stderr: Writable } {
    return { stdout: this.#sink("stdout", stdout), stderr: this.#sink("stderr", stderr) };
  }

  /** Called when the run has started. */
  begin(control: Pick<RunControl, "id" | "kill">): void {
    this.#timer = setTimeout(() => this.#open(control), DELAY_MS);
    this.#timer.unref();
  }

  /** Reports this program's exit code to followers. */
  async end(exitCode: number): Promise<void> {
    clearTimeout(this.#timer);
    this.#close();
    const goodbye = frame("end", Buffer.from(JSON.stringify({ exitCode })));
    const told = [...this.#followers].map((socket) => new Promise<void>((resolve) => socket.end(goodbye, resolve)));
    if (told.length === 0) return;
    await Promise.race([Promise.all(told), new Promise((resolve) => setTimeout(resolve, GOODBYE_MS))]);
  }

  /** Node removes the socket; the directory stays for the runs that still have one in it. */
  #close(): void {
    if (this.#server === undefined) return;
    this.#server.close();
    try {
      if (this.#directory !== undefined) rmdirSync(this.#directory);
    } catch {
      return;
    }
  }

  #sink(stream: Piece["stream"], target: Writable): Writable {
    return new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        this.#recent.add(stream, chunk);
        for (const follower of this.#followers) this.#tell(follower, frame(stream, chunk));
        target.write(chunk, done);
      },
    });
  }

  #tell(follower: Socket, bytes: Buffer): void {
    if (follower.writableLength > MOST_WAITING) follower.destroy();
    else follower.write(bytes);
  }

  #open(control: Pick<RunControl, "id" | "kill">, again = true): void {
    const { id, kill } = control;
    const directory = runsDirectory(process.getuid?.() ?? 0, true);
    const path = directory === undefined ? undefined : socketOf(directory, id);
    if (directory === undefined || path === undefined) return;
    removeDead(directory);
    this.#server = createServer((socket) => this.#serve(socket, kill));
    this.#directory = directory;
    // Without it the run continues: other processes cannot get its output, and learn so. The last run that ended may
    // have removed the directory.
    this.#server.on("error", (error: NodeJS.ErrnoException) => {
      if (again && error.code === "ENOENT") this.#open(control, false);
    });
    this.#server.listen({ path });
    this.#server.unref();
  }

  #serve(socket: Socket, kill: RunControl["kill"]): void {
    socket.unref();
    socket.on("error", () => undefined);
    socket.on("close", () => this.#followers.delete(socket));
    let line = "";
    let asked = false;
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      line += text;
      if (line.length > LONGEST_LINE) socket.destroy();
      for (let end = line.indexOf("\n"); end >= 0; end = line.indexOf("\n")) {
        const message = parse(line.slice(0, end));
        line = line.slice(end + 1);
        if (!asked) this.#answer(socket, message);
        else if (typeof message["signal"] === "string" && SIGNALS.has(message["signal"])) kill(message["signal"]);
        asked = true;
      }
    });
  }

  #answer(socket: Socket, { past, follow }: Partial<Record<keyof OutputRequest, unknown>>): void {
    if (past === true) for (const piece of this.#recent.pieces) socket.write(frameOf(piece));
    if (follow === true && this.#followers.size < MOST_FOLLOWERS) this.#followers.add(socket);
    else socket.end();
  }
}

function parse(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
}

/** Sockets of killed runs (-9): nothing listens there. */
function removeDead(directory: string): void {
  for (const name of readdirSync(directory).filter((each) => each.endsWith(".sock"))) {
    const path = join(directory, name);
    const socket = connect({ path }, () => socket.destroy());
    socket.unref();
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED") unlinkSync(path);
    });
  }
}
