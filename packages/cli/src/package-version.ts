import { readFileSync } from "node:fs";
import { join } from "node:path";

/** This package's version; the file lies beside `src/` as it does beside `dist/`. */
export function packageVersion(): string {
  const described: unknown = JSON.parse(readFileSync(join(import.meta.dirname, "..", "package.json"), "utf8"));
  return typeof described === "object" && described !== null && "version" in described
    ? String(described.version)
    : "unknown";
}
