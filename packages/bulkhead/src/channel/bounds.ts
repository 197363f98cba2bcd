import { FD_ERR, FD_IN, FD_OUT, Kind, MAX_DATA_BYTES, MAX_JSON_BYTES, type Side } from "./protocol.js";
import { violation } from "./violation.js";

/** Limits for one side's frames of one kind. */
export interface Bound {
  /** Payload bytes. */
  readonly least: number;
  readonly most: number;
  /** The descriptors that the payload's first byte may name, if it names one. */
  readonly fds?: readonly number[];
}

/** The largest payload of each side's kinds. */
export const LONGEST: Readonly<Record<Side, number>> = {
  host: MAX_JSON_BYTES.host,
  init: Math.max(MAX_JSON_BYTES.init, 1 + MAX_DATA_BYTES),
};

type Table = readonly (Bound | undefined)[];

const tables: Readonly<Record<Side, Table>> = { host: tableOf("host"), init: tableOf("init") };

/** @throws BulkheadError PROTOCOL_VIOLATION for a kind that nobody, or only the other side, may send. */
export function boundsOf(side: Side, kind: number): Bound {
  const bound = tables[side][kind];
  if (bound === undefined) {
    throw violation(kind >= Kind.hello && kind <= Kind.cancel ? "direction" : "kind");
  }
  return bound;
}

function tableOf(side: Side): Table {
  const json: Bound = { least: 0, most: MAX_JSON_BYTES[side] };
  const sends = side === "host" ? [FD_IN] : [FD_OUT, FD_ERR];
  const receives = side === "host" ? [FD_OUT, FD_ERR] : [FD_IN];
  const table: (Bound | undefined)[] = [];
  table[Kind.hello] = json;
  table[Kind.data] = { least: 2, most: 1 + MAX_DATA_BYTES, fds: sends };
  table[Kind.end] = { least: 1, most: 1, fds: sends };
  table[Kind.credit] = { least: 5, most: 5, fds: receives };
  if (side === "host") {
    table[Kind.request] = json;
    table[Kind.control] = json;
    table[Kind.cancel] = { least: 0, most: 0 };
  } else {
    table[Kind.request] = json;
    table[Kind.accept] = json;
    table[Kind.result] = json;
  }
  return table;
}
