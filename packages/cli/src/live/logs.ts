import { connect, type Socket } from "node:net";
import { BulkheadError, type LiveSandbox } from "bulkhead";
import { EXIT } from "../exit-codes.js";
import { Interrupted } from "../interrupted.js";
import { finish, jsonLine, print } from "../output/write.js";
import { findLive } from "./find.js";
import type { LiveFlags } from "./flags.js";
import { FrameReader, type Kind, type OutputRequest } from "./frames.js";
import { runsDirectory, socketOf } from "./place.js";

/** Prints what a run has put out, and with `--follow` what it will. */
export async function showLogs(word: string, flags: LiveFlags): Promise<void> {
  const socket = await open(word, flags, { past: true, follow: flags.follow === true });
  await read(socket, flags);
  await finish(0);
}

/** Prints what a run puts out from now on, passes signals to it, and ends as it does. */
export async function attachTo(word: string, flags: LiveFlags): Promise<void> {
  const socket = await open(word, flags, { past: false, follow: true });
  if (flags.signals !== false) {
    for (const signal of ["SIGINT", "SIGTERM", "SIGQUIT"] as const) {
      process.on(signal, () => socket.write(`${JSON.stringify({ signal })}\n`));
    }
  }
  const exitCode = await read(socket, flags);
  // Its program was killed, and could not say how that came out.
  await finish(exitCode ?? EXIT.bulkhead);
}

async function open(word: string, flags: LiveFlags, wanted: OutputRequest): Promise<Socket> {
  const [found] = await findLive([word], flags);
  const directory = found === undefined ? undefined : runsDirectory(found.uid);
  const path = found === undefined || directory === undefined ? undefined : socketOf(directory, found.id);
  if (found === undefined || path === undefined) throw unavailable(found);
  return await new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.once("error", () => reject(unavailable(found)));
    socket.once("connect", () => {
      socket.write(`${JSON.stringify(wanted)}\n`);
      resolve(socket);
    });
  });
}

function unavailable(sandbox: LiveSandbox | undefined): BulkheadError {
  return new BulkheadError("OUTPUT_NOT_KEPT", {
    operation: "connect",
    detail: sandbox === undefined ? "" : `${sandbox.id}, made by process ${sandbox.callerPid}`,
  });
}

/** Prints frames until the run ends or hangs up; the exit code that it ends with, where it told. */
async function read(socket: Socket, { json }: LiveFlags): Promise<number | undefined> {
  const frames = new FrameReader();
  const gone = new AbortController();
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => gone.abort());
  gone.signal.addEventListener("abort", () => socket.destroy());
  let exitCode: number | undefined;
  try {
    for await (const chunk of socket) {
      for (const { kind, bytes } of frames.push(chunk as Buffer)) {
        if (kind === "end") exitCode = readEnd(bytes);
        else await show(kind, bytes, json === true);
      }
    }
  } catch (error) {
    if (!gone.signal.aborted && !(error instanceof Error && "code" in error && error.code === "ECONNRESET"))
      throw error;
  }
  if (gone.signal.aborted) throw new Interrupted("SIGPIPE");
  return exitCode;
}

async function show(kind: Exclude<Kind, "end">, bytes: Buffer, json: boolean): Promise<void> {
  if (json) await print(process.stdout, jsonLine({ stream: kind, text: bytes.toString() }));
  else await new Promise((resolve) => process[kind].write(bytes, resolve));
}

function readEnd(bytes: Buffer): number | undefined {
  const { exitCode } = JSON.parse(bytes.toString()) as { readonly exitCode?: unknown };
  return typeof exitCode === "number" ? exitCode : undefined;
}
