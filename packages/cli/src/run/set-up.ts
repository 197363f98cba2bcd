import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { BulkheadError, type Level, type Policy } from "bulkhead";
import { levelOf } from "bulkhead/policy";

/** Levels that need third-party programs and kernels: a checkout installs these at first use. */
const BROUGHT: ReadonlySet<Level> = new Set(["gvisor", "microvm"]);

/**
 * Does `work`. If the level of `policy` is missing, a checkout sets it up (reporting on stderr), and `work` runs once
 * more. Never with BULKHEAD_OFFLINE, and never with a weaker level instead: a level that is still missing is reported
 * as before.
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

/** Whether this program's checkout, if any, has set the level up. */
async function setUp(level: Level): Promise<boolean> {
  const script = join(import.meta.dirname, "..", "..", "..", "scripts", "setup.sh");
  if ((process.env["BULKHEAD_OFFLINE"] ?? "") !== "" || !existsSync(script)) return false;
  // Its output is for people; stdout and stdin belong to the workload.
  const child = spawn("sh", [script, level], { stdio: ["ignore", 2, 2] });
  return await new Promise((resolve) => {
    child.on("error", () => resolve(false));
    child.on("exit", (code) => resolve(code === 0));
  });
}
