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
      const [stdoutBytes, stderrBytes] = [Buffer.concat(pieces.stdout), Buffer.concat(pieces.stderr)];
      const output = { stdout: stdoutBytes.toString(), stderr: stderrBytes.toString(), stdoutBytes, stderrBytes };
      return { ...(data as unknown as Result), ...output };
    }
  }
  throw new ApiError(502, { code: "SANDBOX_LOST", detail: "the server closed the stream before the result" });
}

interface ServerEvent {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

async function* eventsOf(response: Response): AsyncGenerator<ServerEvent, void, void> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of response.body ?? []) {
    text += decoder.decode(piece as Uint8Array, { stream: true });
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const [, event, data] = /^event: (\w+)\ndata: (.*)$/.exec(block) ?? [];
      if (event !== undefined && data !== undefined) yield { event, data: JSON.parse(data) };
    }
  }
}
