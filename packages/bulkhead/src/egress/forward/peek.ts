import type { Readable } from "node:stream";
import { Refusal } from "./refusal.js";

/** Clients speak as soon as they are connected. One that holds back its first bytes occupies a connection. */
const PEEK_MS = 20_000;

/**
 * Reads from the start of a stream until `enough` is satisfied, and puts everything back, so that the next reader sees
 * all of it. Also returns the bytes. Throws if the stream ends first, or takes too long.
 */
export async function peek(stream: Readable, enough: (bytes: Uint8Array) => boolean): Promise<Uint8Array> {
  let bytes: Uint8Array = Buffer.alloc(0);
  const deadline = performance.now() + PEEK_MS;
  for (;;) {
    // A destroyed stream still yields its buffered data, but never reports its end again.
    if (stream.destroyed) throw new Refusal("the client said nothing that can be checked");
    const chunk: unknown = stream.read();
    if (chunk instanceof Uint8Array) bytes = Buffer.concat([bytes, chunk]);
    if (bytes.length > 0 && enough(bytes)) break;
    if (stream.readableEnded) throw new Refusal("the client said nothing that can be checked");
    if (chunk === null) await readable(stream, deadline - performance.now());
  }
  stream.unshift(bytes);
  return bytes;
}

async function readable(stream: Readable, ms: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => done(new Refusal("the client did not speak in time")), Math.max(0, ms));
    const ready = () => done();
    const done = (error?: Error) => {
      clearTimeout(timer);
      for (const event of ["readable", "end", "close", "error"]) stream.removeListener(event, ready);
      if (error === undefined) resolve();
      else reject(error);
    };
    for (const event of ["readable", "end", "close", "error"]) stream.once(event, ready);
  });
}
