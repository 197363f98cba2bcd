import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** Directory of results and files that apply to this machine alone: the user's own cache. */
export function cacheDirectory(): string {
  const chosen = process.env["XDG_CACHE_HOME"];
  const base = chosen !== undefined && isAbsolute(chosen) ? chosen : join(homedir(), ".cache");
  return join(base, "bulkhead");
}
