import { ApiError } from "./errors.js";
import type { RemoteExecOptions, RemoteResult } from "./results.js";
import type { Transport } from "./transport.js";

/** Runs a program through a stream of events, which keeps each byte of its output. */
export async function runStreamed<Result extends RemoteResult>(
  transport: Transport,
  path: string,
  request: Readonly<Record<string, unknown>>,
  options: RemoteExecOptions,
): Promise<Result> {
  const { input, onStdout, onStderr, signal, ...rest } = options;
  const given = input === undefined ? {} : { inputBase64: Buffer.from(input).toString("base64") };
  const json = { ...request, ...rest, ...given };
  const response = await transport.send("POST", path, { json, accept: "text/event-stream", signal });
  const pieces = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  for await (const { event, data } of eventsOf(response)) {
    if (event === "stdout" || event === "stderr") {
      const bytes = Buffer.from(String(data["data"]), "base64");
      pieces[event].push(bytes);
      await (event === "stdout" ? onStdout : onStderr)?.(bytes);
    } else if (event === "error") {
      throw new ApiError(Number(data["status"]), data);
    } else if (event === "result") {
      return { ...(data as unknown as Result), ...outputOf(pieces) };
    }
  }
  throw new ApiError(502, { code: "SANDBOX_LOST", detail: "the server closed the stream before the result" });
}

export interface Pieces {
  readonly stdout: readonly Buffer[];
  readonly stderr: readonly Buffer[];
}

/** The output of a result, as bytes and as text. */
export function outputOf(pieces: Pieces) {
  const [stdoutBytes, stderrBytes] = [Buffer.concat(pieces.stdout), Buffer.concat(pieces.stderr)];
  return { stdout: stdoutBytes.toString(), stderr: stderrBytes.toString(), stdoutBytes, stderrBytes };
}

export interface ServerEvent {
  /** Undefined where the stream cannot be resumed. */
  readonly id?: string | undefined;
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export async function* eventsOf(response: Response): AsyncGenerator<ServerEvent, void, void> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of response.body ?? []) {
    text += decoder.decode(piece as Uint8Array, { stream: true });
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const [, id, event, data] = /^(?:id: (.*)\n)?event: (\w+)\ndata: (.*)$/.exec(block) ?? [];
      if (event !== undefined && data !== undefined) yield { id, event, data: JSON.parse(data) };
    }
  }
}
