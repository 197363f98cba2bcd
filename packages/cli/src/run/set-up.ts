import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { BulkheadError, type Level, levelOf, type Policy } from "bulkhead";

/** Levels whose programs and kernels are other people's: a checkout brings them when they are first asked for. */
const BROUGHT: ReadonlySet<Level> = new Set(["gvisor", "microvm"]);

/**
 * Does `work`. When the level of `policy` is not there, a checkout sets it up (saying so on stderr), and `work` is done once more. Never with
 * BULKHEAD_OFFLINE, and nothing weaker is taken instead: what is missing after that is told as it was before.
 */
export async function settingUp<T>(policy: Policy, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof BulkheadError) || error.code !== "LEVEL_UNAVAILABLE") throw error;
    const level = levelOf(policy);
    if (!BROUGHT.has(level) || !(await setUp(level))) throw error;
  }
  return await work();
}

/** Whether the checkout that this program is from, if it is from one, has set the level up. */
async function setUp(level: Level): Promise<boolean> {
  const script = join(import.meta.dirname, "..", "..", "..", "scripts", "setup.sh");
  if ((process.env["BULKHEAD_OFFLINE"] ?? "") !== "" || !existsSync(script)) return false;
  // Its output is for people; stdout and stdin are the workload's.
  const child = spawn("sh", [script, level], { stdio: ["ignore", 2, 2] });
  return await new Promise((resolve) => {
    child.on("error", () => resolve(false));
    child.on("exit", (code) => resolve(code === 0));
  });
}
