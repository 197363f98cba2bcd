import { BulkheadError } from "bulkhead";
import * as z from "zod";
import type { ExecRequest, ExecutionView } from "../../operations/executions.js";
import type { OutputPiece } from "../../operations/output-log.js";
import { type FeedEvent, type Route, route } from "../route.js";
import * as schemas from "../schemas.js";
import { executionView, runView } from "../views.js";

const sandboxParams = z.strictObject({ id: schemas.sandboxId });
const params = z.strictObject({ id: schemas.sandboxId, execution: schemas.executionId });

interface Inputs {
  readonly input?: string | undefined;
  readonly inputBase64?: string | undefined;
}

export const programRoutes: readonly Route[] = [
  route({
    method: "POST",
    path: "/v1/run",
    operation: "run",
    summary: "Run one program in a sandbox of its own, and get its result",
    scope: "sandboxes:write",
    body: schemas.runProgram,
    idempotent: true,
    streams: true,
    answers: { 200: schemas.runResult },
    handle: async ({ platform, caller, body, wantsEvents, abort }) => {
      const request = withInput(body);
      if (wantsEvents) return { status: 200, events: platform.runs.stream(caller, request, abort) };
      return { status: 200, json: runView(await platform.runs.run(caller, request, abort.signal)) };
    },
  }),
  route({
    method: "POST",
    path: "/v1/sandboxes/{id}/executions",
    operation: "exec",
    summary: "Run a program in a sandbox: to its end, as a stream of events, or detached",
    scope: "sandboxes:write",
    params: sandboxParams,
    body: schemas.execProgram,
    idempotent: true,
    streams: true,
    answers: { 200: schemas.execution, 201: schemas.execution },
    handle: async ({ platform: { executions }, caller, params: { id }, body, wantsEvents, abort }) => {
      const { stdin, detach, ...program } = body;
      const request: ExecRequest = { ...withInput(program), openStdin: stdin === "open" };
      if (detach) return { status: 201, json: executionView(await executions.detach(caller, id, request)) };
      if (wantsEvents) return { status: 200, events: await executions.stream(caller, id, request, abort) };
      return { status: 200, json: executionView(await executions.run(caller, id, request, abort.signal)) };
    },
  }),
  route({
    method: "GET",
    path: "/v1/sandboxes/{id}/executions/{execution}",
    operation: "getExecution",
    summary: "One program: whether it runs, and its result",
    scope: "sandboxes:read",
    params,
    answers: { 200: schemas.execution },
    handle: async ({ platform: { executions }, caller, params: { id, execution } }) => ({
      status: 200,
      json: executionView(await executions.get(caller.project.id, id, execution)),
    }),
  }),
  route({
    method: "GET",
    path: "/v1/sandboxes/{id}/executions/{execution}/output",
    operation: "readOutput",
    summary: "The output of a detached program from an offset on, as events, and at last its result",
    scope: "sandboxes:read",
    params,
    query: z.strictObject({ from: schemas.offset.optional() }),
    answers: { 200: "feed" },
    handle: async ({ platform: { executions }, caller, params: { id, execution }, query, lastEventId, abort }) => {
      const from = lastEventId === null ? (query.from ?? 0) : readOffset(lastEventId);
      const options = { from, signal: abort.signal };
      const output = await executions.output(caller.project.id, id, execution, options);
      return { status: 200, feed: outputFeed(output, from) };
    },
  }),
  route({
    method: "POST",
    path: "/v1/sandboxes/{id}/executions/{execution}/signal",
    operation: "signalExecution",
    summary: "Send a signal to a program's process group",
    scope: "sandboxes:write",
    params,
    body: schemas.signal,
    answers: { 200: schemas.execution },
    handle: async ({ platform: { executions }, caller, params: { id, execution }, body: { signal } }) => ({
      status: 200,
      json: executionView(await executions.signal(caller, id, execution, signal)),
    }),
  }),
  route({
    method: "POST",
    path: "/v1/sandboxes/{id}/executions/{execution}/stdin",
    operation: "writeStdin",
    summary: "Write bytes to the open stdin of a program, and with `end` close it",
    scope: "sandboxes:write",
    params,
    query: z.strictObject({ end: z.enum(["true", "false"]).default("false") }),
    body: "bytes",
    answers: { 204: null },
    handle: async ({ platform: { executions }, caller, params: { id, execution }, query: { end }, bytes }) => {
      for await (const piece of bytes) await executions.write(caller, id, execution, piece as Buffer, false);
      if (end === "true") await executions.write(caller, id, execution, Buffer.alloc(0), true);
      return { status: 204 };
    },
  }),
];

/** Where the stream continues that had an event with this id. @throws BulkheadError API_REQUEST_INVALID */
function readOffset(lastEventId: string): number {
  const offset = schemas.offset.safeParse(lastEventId);
  if (offset.success) return offset.data;
  throw new BulkheadError("API_REQUEST_INVALID", { detail: "Last-Event-ID: the id of an event of this stream" });
}

/** The id of an event is the offset after it. */
async function* outputFeed(
  output: AsyncIterable<OutputPiece | ExecutionView>,
  from: number,
): AsyncGenerator<FeedEvent, void, void> {
  let id = String(from);
  for await (const piece of output) {
    if ("row" in piece) {
      yield { id, event: "result", data: executionView(piece) };
    } else {
      id = String(piece.end);
      yield { id, event: piece.stream, data: { data: piece.bytes.toString("base64") } };
    }
  }
}

function withInput<Request extends Inputs>({ input, inputBase64, ...rest }: Request) {
  const bytes = inputBase64 === undefined ? input : Buffer.from(inputBase64, "base64");
  return { ...rest, input: typeof bytes === "string" ? Buffer.from(bytes) : bytes };
}
