import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const base = fileURLToPath(new URL("../../../packages/bulkhead/assets/base", import.meta.url));

/** The built-in root file system, with its shell, as one layer. */
export function baseLayer(): Buffer {
  return execFileSync("tar", ["-C", base, "--sort=name", "-c", "."], { maxBuffer: 64 << 20 });
}
