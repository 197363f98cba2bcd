import type { ByteSink, OutputCallback } from "./sink.js";
import type { ByteSource } from "./source.js";

/** A program's input, and the takers of its output. */
export interface EndsOptions {
  readonly stdin?: "null" | "pipe" | ByteSource;
  readonly input?: string | Uint8Array | ByteSource;
  readonly output?: { readonly stdout?: ByteSink; readonly stderr?: ByteSink };
  readonly onStdout?: OutputCallback;
  readonly onStderr?: OutputCallback;
}
