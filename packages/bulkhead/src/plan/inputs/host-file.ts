import { lstatSync, realpathSync, type Stats } from "node:fs";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { ErrorCode } from "../../errors/registry.js";
import { isWithin } from "../../policy/paths.js";
import { defined } from "../../values/defined.js";
import type { HostFile } from "../input-types.js";
import { whyNotMapped } from "./file-system.js";

/** Mounting these would hand over the machine (`/`) or the kernel's controls, so no policy can ask for it. */
const NEVER = ["/proc", "/sys", "/dev"] as const;

const READ = 0o004;
const READ_AND_ENTER = 0o005;

/**
 * Resolves a host path to its canonical form, which is what a plan names: the broker refuses links, so a link put in
 * place after this lookup is an error and not a bypass. Throws `code`. With `links` refused, `path` must be canonical
 * (MOUNT_SOURCE_LINK).
 */
export function hostFile(path: string, code: ErrorCode, links: "followed" | "refused" = "followed"): HostFile {
  const { canonical, stat } = look(path, code);
  if (links === "refused" && canonical !== path) {
    throw new BulkheadError("MOUNT_SOURCE_LINK", { operation: "realpath", path, detail: `it leads to ${canonical}` });
  }
  if (canonical === "/" || NEVER.some((place) => isWithin(canonical, place))) {
    throw new BulkheadError(code, { path, detail: `${canonical} is never given to a sandbox` });
  }
  if (!stat.isDirectory() && !stat.isFile()) {
    throw new BulkheadError(code, { path, detail: "neither a directory nor a regular file" });
  }
  const needed = stat.isDirectory() ? READ_AND_ENTER : READ;
  const openToAll = (stat.mode & needed) === needed;
  const kind = stat.isDirectory() ? "directory" : "file";
  const notMapped = whyNotMapped(canonical);
  const file: HostFile = { path: canonical, kind, uid: stat.uid, gid: stat.gid, openToAll };
  return notMapped === undefined ? file : { ...file, notMapped };
}

function look(path: string, code: ErrorCode): { readonly canonical: string; readonly stat: Stats } {
  try {
    const canonical = realpathSync(path);
    return { canonical, stat: lstatSync(canonical) };
  } catch (error) {
    const errno =
      error instanceof Error && "errno" in error && typeof error.errno === "number" ? -error.errno : undefined;
    throw new BulkheadError(code, {
      operation: "realpath",
      path,
      ...defined({ errno }),
      cause: error,
    });
  }
}
