import { Readable, type Writable } from "node:stream";
import { InputStream } from "../channel/input-stream.js";
import type { ExecOptions, ExecRequest } from "./exec-options.js";
import type { Execution } from "./execution.js";

/** Feeds a process what its options say; gives the stream to write to with `stdin: "pipe"`, else null. */
export function connectStdin(
  execution: Execution,
  request: ExecRequest,
  { stdin, input }: Pick<ExecOptions, "stdin" | "input">,
): Writable | null {
  if (request.stdin === "null") {
    return null;
  }
  const writable = new InputStream(execution.stream);
  if (input !== undefined) {
    writable.end(input);
    return null;
  }
  if (stdin instanceof Readable) {
    pipeInto(stdin, writable, execution);
    return null;
  }
  void execution.settled.then(() => writable.destroy());
  return writable;
}

/** A source that fails ends the input: what the process then makes of it is its result. The source itself is not touched when the process ends first. */
function pipeInto(source: Readable, writable: Writable, execution: Execution): void {
  const end = () => writable.end();
  source.once("error", end);
  source.pipe(writable);
  void execution.settled.then(() => {
    source.off("error", end);
    source.unpipe(writable);
    writable.destroy();
  });
}
