import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import { requireArguments } from "../../arguments/require.js";
import { hostPath } from "../../arguments/values.js";
import type { EgressEvent, EgressListener } from "./event.js";

/**
 * A workload can be refused thousands of times a second, and must not fill the host's disk with it: after so many refusals only each of
 * `LISTED_THEN` has a line. What was let through has one always: it took a connection.
 */
const LISTED = 50_000;
const LISTED_THEN = 1_000;

/** A file that every decision is a line of. */
export interface EgressLog {
  readonly listener: EgressListener;
  /** Resolves when all is written; rejects with why it could not be. */
  close(): Promise<void>;
}

/** Appends events to a file, as JSON, one a line; only its owner may read it, since it says where a workload went. */
export function egressLog(path: string): EgressLog {
  requireArguments("egressLog", ["path", hostPath, path]);
  const stream = createWriteStream(path, { flags: "a", mode: 0o600 });
  const done = finished(stream);
  done.catch(() => undefined);
  let refused = 0;
  const isListed = ({ verdict }: EgressEvent) => {
    if (verdict === "allow") return true;
    refused += 1;
    return refused <= LISTED || refused % LISTED_THEN === 0;
  };
  return {
    listener: (event) => {
      if (isListed(event)) stream.write(`${JSON.stringify(event)}\n`);
    },
    close: async () => {
      stream.end();
      await done;
    },
  };
}
