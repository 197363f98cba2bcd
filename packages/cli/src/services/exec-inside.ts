import { Buffer } from "node:buffer";
import type { RunningService } from "bulkhead/services";
import { type Request, readInput } from "./control/messages.js";
import type { Connected } from "./control/server.js";

/** What `bulkhead service exec` may pass on: as a terminal would. */
const SIGNALS: ReadonlySet<string> = new Set(["SIGINT", "SIGTERM", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2"]);

/** Runs a program in a component's sandbox, with its streams on the control connection. It ends with the connection. */
export async function execInside(
  running: RunningService,
  { component, argv }: Extract<Request, { op: "exec" }>,
  reply: (value: object) => boolean,
  connection: Connected,
): Promise<void> {
  const { socket } = connection;
  const gone = new AbortController();
  socket.once("close", () => gone.abort());
  const relay = (stream: "stdout" | "stderr") => async (bytes: Buffer) => {
    if (!reply({ [stream]: bytes.toString("base64") }) && !socket.destroyed) await drained(socket);
  };
  const process = await running.exec(component, argv, {
    stdin: "pipe",
    signal: gone.signal,
    onStdout: relay("stdout"),
    onStderr: relay("stderr"),
  });
  process.stdin?.on("error", () => undefined);
  connection.listen((line) => {
    const input = readInput(line);
    if (input === undefined) return;
    if ("stdin" in input) {
      const room = process.stdin?.write(Buffer.from(input.stdin, "base64")) ?? true;
      if (!room) {
        socket.pause();
        process.stdin?.once("drain", () => socket.resume());
      }
    } else if ("end" in input) process.stdin?.end();
    else if (SIGNALS.has(input.signal)) process.kill(input.signal);
  });
  const { exitCode, signal } = await process.result;
  reply({ exitCode, signal });
}

function drained(socket: Connected["socket"]): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off("drain", done).off("close", done);
      resolve();
    };
    socket.on("drain", done).on("close", done);
  });
}
