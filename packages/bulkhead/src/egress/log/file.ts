import { constants, createWriteStream, openSync } from "node:fs";
import { finished } from "node:stream/promises";
import { errnoOf } from "../../arguments/given-file.js";
import { requireArguments } from "../../arguments/require.js";
import { hostPath } from "../../arguments/values.js";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { defined } from "../../values/defined.js";
import type { EgressEvent, EgressListener } from "./event.js";

/**
 * A workload can cause thousands of refusals per second and must not fill the host's disk: after this many refusals the
 * file gets a line only for each `LISTED_THEN`th one. Every allowed connection gets a line.
 */
const LISTED = 50_000;
const LISTED_THEN = 1_000;

/** A file that receives a line for every decision. */
export interface EgressLog {
  readonly listener: EgressListener;
  /** Resolves when everything is written; rejects if it could not be. */
  close(): Promise<void>;
}

/**
 * Appends events to a file as JSON lines. Only its owner may read it, because it shows where a workload connected.
 * @throws BulkheadError PATH_UNUSABLE
 */
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

/** Opened before any program runs whose decisions could not be logged. Does not wait for the reader of a FIFO. */
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
      ...defined({ errno }),
    });
  }
}
