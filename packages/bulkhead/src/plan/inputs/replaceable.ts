import { realpathSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { isWithin } from "../../policy/paths.js";
import type { FileChoice } from "../../policy/resolved.js";
import type { HostFile } from "../input-types.js";

/** A host path of a policy, and where it leads. */
export interface Found {
  readonly source: string;
  readonly path: string;
}

export function foundOf(files: readonly FileChoice[], found: readonly (HostFile | null)[]) {
  const all = files.flatMap((file, index) => {
    const path = found[index]?.path;
    return file.kind === "host" && path !== undefined ? [{ source: file.source, path, writable: file.writable }] : [];
  });
  return { all, writable: all.filter(({ writable }) => writable) };
}

/**
 * Refuses a path below a writable mount of the same policy if a link below that mount leads it elsewhere: an earlier
 * sandbox of the policy may have put the link there, to get any file of the host.
 * @throws BulkheadError MOUNT_SOURCE_LINK
 */
export function refuseReplaced({ source, path }: Found, writable: readonly Found[]): void {
  for (const mount of writable) {
    if (mount.source === source) continue;
    for (let above = dirname(source); above !== dirname(above); above = dirname(above)) {
      // The way to `above` may begin outside the mount, and through links that no sandbox could change.
      const real = realOf(above);
      if (real === undefined || !isWithin(real, mount.path)) continue;
      if (path === join(real, relative(above, source))) continue;
      const detail = `it leads to ${path} by a link in ${mount.path}, which is mounted writable`;
      throw new BulkheadError("MOUNT_SOURCE_LINK", { operation: "realpath", path: source, detail });
    }
  }
}

function realOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
