import { existsSync, realpathSync } from "node:fs";
import { basename, delimiter, join } from "node:path";
import { BulkheadError } from "../errors/bulkhead-error.js";

/**
 * The program that runs helpers: BULKHEAD_NODE, or this process's own Node. Under Bun, Deno, Electron and single
 * executables it is the `node` on the PATH.
 * @throws BulkheadError SETUP_MISSING
 */
export function nodeProgram(): string {
  const named = process.env["BULKHEAD_NODE"];
  if (named !== undefined && named !== "") return named;
  if (/^node(js)?[\d.-]*$/.test(basename(process.execPath))) return process.execPath;
  const directories = (process.env["PATH"] ?? "").split(delimiter).filter((directory) => directory.startsWith("/"));
  const found = directories.map((directory) => join(directory, "node")).find((path) => existsSync(path));
  if (found !== undefined) return realpathSync(found);
  throw new BulkheadError("SETUP_MISSING", {
    operation: "find",
    path: "node",
    detail: "helper processes run on Node 20 or later: install it, or set BULKHEAD_NODE to it",
  });
}
