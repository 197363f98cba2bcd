import type { ByteSink, OutputCallback } from "./sink.js";
import type { ByteSource } from "./source.js";

/** What a caller gives a program to read, and who takes what it puts out. */
export interface EndsOptions {
  readonly stdin?: "null" | "pipe" | ByteSource;
  readonly input?: string | Uint8Array | ByteSource;
  readonly output?: { readonly stdout?: ByteSink; readonly stderr?: ByteSink };
  readonly onStdout?: OutputCallback;
  readonly onStderr?: OutputCallback;
}
