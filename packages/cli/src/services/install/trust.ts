import { lstatSync, readdirSync, realpathSync, type Stats } from "node:fs";
import { dirname, join } from "node:path";
import { BulkheadError, printable } from "bulkhead";
import type { InstallationPaths } from "bulkhead/host";

const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;

/**
 * The real path of a file that a unit will run or read at each boot. Nobody but root and `uid`, as whom it runs, may be
 * able to change it or replace a directory on the way: that would be a way to that user's rights. A sticky directory
 * such as /tmp is no exception: where a file has gone, any user may create another.
 * @throws BulkheadError PATH_UNUSABLE
 */
export function trustedPath(path: string, uid: number): string {
  let real: string;
  try {
    real = realpathSync.native(path);
  } catch (error) {
    throw refused(path, error instanceof Error ? error.message : String(error));
  }
  for (let at = real; ; at = dirname(at)) {
    requireTrusted(at, uid);
    if (at === dirname(at)) return real;
  }
}

/** As {@link trustedPath}, with every file below. @throws BulkheadError PATH_UNUSABLE */
export function requireTrustedTree(path: string, uid: number): void {
  const real = trustedPath(path, uid);
  for (const entry of readdirSync(real, { withFileTypes: true, recursive: true })) {
    const at = join(entry.parentPath ?? entry.path, entry.name);
    // Each link has all permission bits, and who may replace it is a matter of its directory.
    if (!entry.isSymbolicLink()) requireTrusted(at, uid);
  }
}

/** The same for all that a unit loads, runs or mounts of this installation. @throws BulkheadError PATH_UNUSABLE */
export function requireTrustedInstallation({ bundles, warden, baseRoot }: InstallationPaths, uid: number): void {
  requireTrustedTree(bundles, uid);
  trustedPath(warden, uid);
  requireTrustedTree(baseRoot, uid);
}

function requireTrusted(at: string, uid: number): void {
  const objection = objectionTo(at, lstatSync(at), uid);
  if (objection !== undefined) throw refused(at, `${objection}, and could change what the unit runs`);
}

/** Bits of the group count whatever the group: with an access control list they stand for all that the list names. */
function objectionTo(at: string, { uid, gid, mode }: Stats, own: number): string | undefined {
  if (uid !== 0 && uid !== own) return `user ${uid} owns it`;
  if ((mode & OTHERS_WRITE) !== 0) return `every user may write to it (chmod o-w ${printable(at)})`;
  if ((mode & GROUP_WRITES) !== 0) return `group ${gid} may write to it (chmod g-w ${printable(at)})`;
  return undefined;
}

function refused(path: string, detail: string): BulkheadError {
  return new BulkheadError("PATH_UNUSABLE", { operation: "install service", path, detail });
}
