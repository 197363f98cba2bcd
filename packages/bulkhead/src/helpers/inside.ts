import { Socket } from "node:net";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { type Methods, Peer } from "./peer.js";

/** Descriptor of the connection to the library; `warden/helper/src/options.rs` has the same number. */
export const CONTROL = 3;
/** First descriptor of those that only one kind of helper gets. */
export const FIRST_EXTRA = 6;

/** The helper's main function: serves the library until the connection ends, and then exits. Call it once. */
export function serve(methods: (library: Peer) => Methods): void {
  const connection = new Socket({ fd: CONTROL, readable: true, writable: true });
  // The table is built with the peer that it calls back.
  const table: Record<string, Methods[string]> = {};
  const library = new Peer(connection, table, () => new BulkheadError("HELPER_LOST", { operation: "serve" }));
  Object.assign(table, { hello: async () => ({ value: { pid: process.pid } }) }, methods(library));
  void library.ended.then(() => process.exit(0));
}
