import { lstatSync, mkdirSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { BulkheadError } from "../../errors/bulkhead-error.js";

const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;
/** Only an entry's owner, and the directory's, can rename or remove an entry of such a directory. */
const STICKY = 0o1000;

/**
 * Where the programs of installed packages are unpacked: `BULKHEAD_PROGRAMS`, root's `/var/lib/bulkhead/programs`, or a
 * directory in the user's own data directory.
 */
export function programsDirectory(): string {
  const chosen = process.env["BULKHEAD_PROGRAMS"];
  if (chosen !== undefined && chosen !== "") return resolve(chosen);
  if (process.geteuid?.() === 0) return "/var/lib/bulkhead/programs";
  const data = process.env["XDG_DATA_HOME"];
  // The base directory specification says to ignore a path that is not absolute.
  const base = data !== undefined && isAbsolute(data) ? data : join(homedir(), ".local", "share");
  return join(base, "bulkhead", "programs");
}

/**
 * Requires that only root and this user can change what is at `path`: each component of it belongs to one of them, is
 * no link, and no other user may write to it. Programs in it run with all rights of this user. A directory above may be
 * sticky, like /tmp: what it holds on the way to `path` belongs to this user. `path` itself may not: others could put
 * directories into it that Bulkhead would clean up.
 * @throws BulkheadError INSTALLATION_UNTRUSTED, and what `lstat` throws
 */
export function requireOwn(path: string): void {
  for (let at = path; ; at = dirname(at)) {
    const { uid, gid, mode } = lstatSync(at);
    const detail = objection(uid, gid, at === path ? mode & ~STICKY : mode);
    if (detail !== undefined) {
      throw new BulkheadError("INSTALLATION_UNTRUSTED", { operation: "check", path: at, detail });
    }
    if (at === dirname(at)) return;
  }
}

function objection(uid: number, gid: number, mode: number): string | undefined {
  if ((mode & 0o170000) !== 0o040000) return "not a directory";
  const own = process.geteuid?.();
  if (uid !== 0 && uid !== own) return `user ${uid} owns it`;
  if ((mode & STICKY) !== 0) return undefined;
  if ((mode & OTHERS_WRITE) !== 0) return "every user may write to it";
  // A group of the user's own number is the user's private one; distributions that create those use umask 002.
  if ((mode & GROUP_WRITES) !== 0 && gid !== 0 && (own === 0 || gid !== own)) return `group ${gid} may write to it`;
  return undefined;
}

/**
 * {@link programsDirectory}, created if it is missing, without links: another user could replace a link after a check.
 * @throws BulkheadError INSTALLATION_UNTRUSTED, and what `mkdir` and `lstat` throw
 */
export function ownProgramsDirectory(): string {
  const real = realOrMade(programsDirectory());
  requireOwn(real);
  return real;
}

function realOrMade(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    mkdirSync(path, { recursive: true, mode: 0o755 });
    return realpathSync.native(path);
  }
}
