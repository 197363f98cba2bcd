/**
 * Runs `true` in a microVM with the given library, for each input line, and answers with one: this process's
 * environment selects kernel and start.
 */

import { createInterface } from "node:readline";
import type * as library from "bulkhead";

const { run }: typeof library = await import(process.argv[2] ?? "bulkhead");
process.on("warning", () => undefined);
for await (const line of createInterface({ input: process.stdin })) {
  void line;
  const { exitCode, stderr } = await run(["/bin/true"], { level: "microvm" });
  process.stdout.write(exitCode === 0 ? "done\n" : `${JSON.stringify(stderr)}\n`);
}
