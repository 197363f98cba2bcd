import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { BulkheadError } from "../errors/bulkhead-error.js";

/**
 * The warden's path: that of BULKHEAD_WARDEN, or the package's own.
 * @throws BulkheadError SETUP_MISSING
 */
export function wardenPath(): string {
  const path = process.env["BULKHEAD_WARDEN"] ?? join(packageDirectory(), "bin", "warden");
  if (!existsSync(path)) {
    throw new BulkheadError("SETUP_MISSING", { operation: "open", path });
  }
  return path;
}

/** The program that makes attempts and measures what can be reached, for use inside. */
export function probePath(): string {
  return process.env["BULKHEAD_PROBE"] ?? join(packageDirectory(), "bin", "bulkhead-probe");
}

/** The directory of the built-in root file system. Whether it is there is found out by who mounts it. */
export function baseRootPath(): string {
  return join(packageDirectory(), "assets", "base");
}

/** Where the package is installed: above `dist/` when bundled, further up among the sources. */
function packageDirectory(): string {
  let directory = import.meta.dirname;
  while (!existsSync(join(directory, "package.json")) && dirname(directory) !== directory) {
    directory = dirname(directory);
  }
  return directory;
}
