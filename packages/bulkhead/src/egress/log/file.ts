import { constants, createWriteStream, openSync } from "node:fs";
import { finished } from "node:stream/promises";
import { errnoOf } from "../../arguments/given-file.js";
import { requireArguments } from "../../arguments/require.js";
import { hostPath } from "../../arguments/values.js";
import { BulkheadError } from "../../errors/bulkhead-error.js";
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

/** Appends events to a file, as JSON, one a line; only its owner may read it, since it says where a workload went. @throws BulkheadError PATH_UNUSABLE */
export function egressLog(path: string): EgressLog {
  requireArguments("egressLog", ["path", hostPath, path]);
  const stream = createWriteStream("", { fd: openLog(path) });
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

/** Before anything is run whose decisions could not be written down; a FIFO that nobody reads from is not waited for. */
function openLog(path: string): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK } = constants;
  try {
    return openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0o600);
  } catch (cause) {
    const errno = errnoOf(cause);
    throw new BulkheadError("PATH_UNUSABLE", {
      operation: "open",
      path,
      cause,
      ...(errno === undefined ? {} : { errno }),
    });
  }
}
