import { connect, type Socket } from "node:net";
import { BulkheadError, isErrorCode } from "bulkhead";
import { LineSplitter, parseObject, type Request } from "./messages.js";
import { controlSocket } from "./place.js";

type Answer = Readonly<Record<string, unknown>>;

/** Connects to the supervisor of a service; undefined if none runs. */
export async function dial(name: string): Promise<Socket | undefined> {
  const path = controlSocket(name);
  if (path === undefined) return undefined;
  return await new Promise((resolve) => {
    const socket = connect({ path, allowHalfOpen: true });
    socket.once("error", () => resolve(undefined));
    socket.once("connect", () => resolve(socket));
  });
}

/**
 * Sends a request and yields the answers.
 * @throws BulkheadError SERVICE_NOT_RUNNING, and the error that the supervisor reports
 */
export async function* ask(name: string, request: Request, opened?: (socket: Socket) => void): AsyncGenerator<Answer> {
  const socket = await dial(name);
  if (socket === undefined) throw new BulkheadError("SERVICE_NOT_RUNNING", { operation: request.op, detail: name });
  socket.write(`${JSON.stringify(request)}\n`);
  opened?.(socket);
  socket.setEncoding("utf8");
  const lines = new LineSplitter();
  try {
    for await (const text of socket as AsyncIterable<string>) {
      for (const line of lines.push(text) ?? []) {
        const answer = parseObject(line);
        if (answer["error"] !== undefined) throw errorFrom(answer["error"]);
        yield answer;
      }
    }
  } finally {
    socket.destroy();
  }
}

/** The only answer to a request. */
export async function askOnce(name: string, request: Request): Promise<Answer> {
  for await (const answer of ask(name, request)) return answer;
  throw new BulkheadError("SERVICE_ENDED", { operation: request.op, detail: name });
}

/** The supervisor's error, with its code. */
export function errorFrom(described: unknown): BulkheadError {
  const { code, detail, operation } = (described ?? {}) as Readonly<Record<string, unknown>>;
  return new BulkheadError(isErrorCode(code) ? code : "SERVICE_ENDED", {
    ...(typeof operation === "string" ? { operation } : {}),
    ...(typeof detail === "string" ? { detail } : {}),
  });
}
