import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import type { EgressListener } from "./event.js";

/** A file that every decision is a line of. */
export interface EgressLog {
  readonly listener: EgressListener;
  /** Resolves when all is written; rejects with why it could not be. */
  close(): Promise<void>;
}

/** Appends events to a file, as JSON, one a line; only its owner may read it, since it says where a workload went. */
export function egressLog(path: string): EgressLog {
  const stream = createWriteStream(path, { flags: "a", mode: 0o600 });
  const done = finished(stream);
  done.catch(() => undefined);
  return {
    listener: (event) => void stream.write(`${JSON.stringify(event)}\n`),
    close: async () => {
      stream.end();
      await done;
    },
  };
}
