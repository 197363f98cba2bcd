import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { surfacePath } from "../host/locate.js";
import { type Filtered, parseFiltered } from "./report.js";

/**
 * Reads the seccomp filters of processes, as far as this user may; null: the kernel shows them only with CAP_SYS_ADMIN.
 */
export async function filtersOf(pids: readonly number[]): Promise<readonly Filtered[] | null> {
  if (pids.length === 0) return [];
  const { stdout } = await promisify(execFile)(surfacePath(), ["filters", ...pids.map(String)], {
    maxBuffer: 64 * 1024 * 1024,
  });
  const found = parseFiltered(stdout);
  return found.some(({ errno }) => errno !== null) ? null : found;
}
