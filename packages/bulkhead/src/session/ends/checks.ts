import { type Check, type Flaw, shown } from "../../arguments/check.js";
import { callback, either, isRecord, object } from "../../arguments/values.js";
import type { EndsOptions } from "./options.js";
import { type ByteSink, isNodeWritable, isWebWritable, type OutputCallback } from "./sink.js";
import { type ByteSource, isIterable, isNodeReadable, isWebReadable } from "./source.js";

/** A stream or iterator that can still be read. Reading from a finished one would wait forever. */
export const byteSource: Check<ByteSource> = (value, path, flaws) => {
  const refuse = (message: string) => flaws.push({ path, message });
  if (isNodeReadable(value)) refuseIf(nodeReadableState(value), path, flaws);
  else if (isWebReadable(value)) refuseIf(value.locked ? "is locked: somebody else reads it" : undefined, path, flaws);
  else if (!isIterable(value)) refuse(`must be a stream or iterator of text or bytes, not ${shown(value)}`);
};

export const input: Check<NonNullable<EndsOptions["input"]>> = either<string | Uint8Array, ByteSource>(
  (value) => typeof value === "string" || value instanceof Uint8Array,
  () => undefined,
  (value, path, flaws) => {
    if (isRecord(value)) byteSource(value, path, flaws);
    else flaws.push({ path, message: `must be text, bytes, or a stream or iterator of them, not ${shown(value)}` });
  },
);

const sink: Check<ByteSink> = (value, path, flaws) => {
  if (isNodeWritable(value)) {
    const state = value.destroyed || value.errored != null ? "closed" : value.writableEnded ? "ended" : undefined;
    refuseIf(state && `is ${state} already`, path, flaws);
  } else if (isWebWritable(value)) {
    refuseIf(value.locked ? "is locked: somebody else writes to it" : undefined, path, flaws);
  } else flaws.push({ path, message: `must be a writable stream, not ${shown(value)}` });
};

export const output: Check<NonNullable<EndsOptions["output"]>> = object<NonNullable<EndsOptions["output"]>>({
  stdout: sink,
  stderr: sink,
});

export const onOutput: Check<OutputCallback> = callback<OutputCallback>();

function nodeReadableState(stream: {
  readonly destroyed: boolean;
  readonly readableEnded: boolean;
  readonly errored?: unknown;
}): string | undefined {
  if (stream.readableEnded) return "has been read to its end already";
  return stream.destroyed || stream.errored != null ? "is closed already" : undefined;
}

function refuseIf(message: string | undefined, path: string, flaws: Flaw[]): void {
  if (message !== undefined) flaws.push({ path, message });
}
