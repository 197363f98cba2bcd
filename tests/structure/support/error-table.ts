/** The table of error codes for docs/guide.md. Run by itself it prints the table. */

import { pathToFileURL } from "node:url";
import { registry } from "../../../packages/bulkhead/src/errors/registry.js";

export function errorTable(): string {
  const rows = Object.entries(registry).map(
    ([code, { fault, cause, remedy }]) => `| \`${code}\` | ${fault} | ${cell(cause)} | ${cell(remedy)} |`,
  );
  return ["| code | fault | cause | remedy |", "|---|---|---|---|", ...rows].join("\n");
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) console.log(errorTable());
