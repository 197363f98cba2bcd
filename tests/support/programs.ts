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

/** The full path of a program in PATH. */
export function findProgram(name: string): string | undefined {
  for (const directory of (process.env["PATH"] ?? "").split(delimiter)) {
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
