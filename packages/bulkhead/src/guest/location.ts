import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";

/**
 * Where kernels are stored: `BULKHEAD_KERNELS`, root's `/var/lib/bulkhead/kernels`, or a directory in the user's data
 * directory.
 */
export function kernelsPath(): string {
  const chosen = process.env["BULKHEAD_KERNELS"];
  if (chosen !== undefined && chosen !== "") return resolve(chosen);
  if (process.getuid?.() === 0) return "/var/lib/bulkhead/kernels";
  const data = process.env["XDG_DATA_HOME"];
  // The base directory specification says to ignore a path that is not absolute.
  const base = data !== undefined && isAbsolute(data) ? data : join(homedir(), ".local", "share");
  return join(base, "bulkhead", "kernels");
}
