import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** Where what was found out or made for this machine alone is kept: the user's own cache. */
export function cacheDirectory(): string {
  const chosen = process.env["XDG_CACHE_HOME"];
  const base = chosen !== undefined && isAbsolute(chosen) ? chosen : join(homedir(), ".cache");
  return join(base, "bulkhead");
}
