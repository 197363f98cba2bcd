import { readFileSync } from "node:fs";

/** This package's version; the file lies beside `src/` as it does beside `dist/`. */
export function packageVersion(): string {
  const described: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return typeof described === "object" && described !== null && "version" in described
    ? String(described.version)
    : "unknown";
}
