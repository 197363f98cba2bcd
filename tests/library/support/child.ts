/**
 * Runs scenarios one after the other, and prints a line of JSON on each. What one of them left open keeps this process
 * from ending.
 */

import { readdirSync, readFileSync } from "node:fs";
import type { Level } from "../../../packages/bulkhead/src/index.js";
import { marker, scenarios } from "./scenarios.js";

const [level = "container", ...names] = process.argv.slice(2);

for (const name of names) {
  const outcome = await told(name, level as Level);
  console.log(JSON.stringify({ name, ...outcome, left: processesLeft(), open: openHandles() }));
}

async function told(name: string, at: Level): Promise<object> {
  try {
    const value: unknown = await scenarios[name]?.act(at);
    const { exitCode, timedOut } = Object(value) as { exitCode?: unknown; timedOut?: unknown };
    return { code: null, result: { exitCode, timedOut } };
  } catch (error) {
    const { code, name: kind, detail, cause } = error as Error & { code?: string; detail?: string };
    return { code: code ?? kind, detail, cause: cause instanceof Error ? cause.message : cause };
  }
}

/** Of the workload, seen from the host. */
function processesLeft(): number {
  const mine = readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid);
  return mine.filter((pid) => commandOf(pid).includes(marker)).length;
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

/** What keeps Node alive, but for what prints this. */
function openHandles(): readonly string[] {
  return process.getActiveResourcesInfo().filter((kind) => !/^(TTY|Pipe|FS)/.test(kind));
}
