import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";

/** Where kernels are kept: `BULKHEAD_KERNELS`, root's `/var/lib/bulkhead/kernels`, or a directory in the user's own data directory. */
export function kernelsPath(): string {
  const chosen = process.env["BULKHEAD_KERNELS"];
  if (chosen !== undefined && chosen !== "") return resolve(chosen);
  if (process.getuid?.() === 0) return "/var/lib/bulkhead/kernels";
  const data = process.env["XDG_DATA_HOME"];
  // The base directory specification: what is not absolute is to be ignored.
  const base = data !== undefined && isAbsolute(data) ? data : join(homedir(), ".local", "share");
  return join(base, "bulkhead", "kernels");
}
