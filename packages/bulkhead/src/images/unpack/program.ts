import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { BulkheadError } from "../../errors/bulkhead-error.js";

/** The unpacker's path: that of BULKHEAD_UNPACK, or the package's own. Throws SETUP_MISSING. */
export function unpackerPath(): string {
  const path = process.env["BULKHEAD_UNPACK"] ?? join(packageDirectory(), "bin", "bulkhead-unpack");
  if (!existsSync(path)) throw new BulkheadError("SETUP_MISSING", { operation: "open", path });
  return path;
}

/** Above `dist/` when bundled, further up among the sources. */
function packageDirectory(): string {
  let directory = import.meta.dirname;
  while (!existsSync(join(directory, "package.json")) && dirname(directory) !== directory) {
    directory = dirname(directory);
  }
  return directory;
}
