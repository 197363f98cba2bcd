import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const BIN = new URL("../../packages/bulkhead/bin/", import.meta.url);

function binary(name: string, override: string): string {
  return process.env[override] ?? fileURLToPath(new URL(name, BIN));
}

/** The probe on the host; mounted at `PROBE` inside. */
export const PROBE_PATH = binary("bulkhead-probe", "BULKHEAD_PROBE");
export const WARDEN_PATH = binary("warden", "BULKHEAD_WARDEN");

/** Where the suites mount the probe. */
export const PROBE = "/probe";

/** The full path of a program in PATH, or of one that is named by its path. */
export function findProgram(name: string): string | undefined {
  const directories = name.startsWith("/") ? ["/"] : (process.env["PATH"] ?? "").split(delimiter);
  for (const directory of directories) {
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this one.
    }
  }
  return undefined;
}
