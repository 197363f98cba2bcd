import { lstatSync, realpathSync, type Stats } from "node:fs";
import { dirname } from "node:path";
import { BulkheadError } from "bulkhead";

const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;
/** Only an entry's owner, and the directory's, can rename or remove an entry of such a directory. */
const STICKY = 0o1000;

/**
 * The real path of a file that a unit will run or read at each boot. Nobody but root and `uid`, as whom it runs, may be
 * able to change it or replace a directory on the way: that would be a way to that user's rights.
 * @throws BulkheadError PATH_UNUSABLE
 */
export function trustedPath(path: string, uid: number): string {
  const refuse = (at: string, detail: string) =>
    new BulkheadError("PATH_UNUSABLE", { operation: "install service", path: at, detail });
  let real: string;
  try {
    real = realpathSync.native(path);
  } catch (error) {
    throw refuse(path, error instanceof Error ? error.message : String(error));
  }
  for (let at = real; ; at = dirname(at)) {
    const objection = objectionTo(lstatSync(at), uid, at !== real);
    if (objection !== undefined) throw refuse(at, `${objection}, and could change what the unit runs`);
    if (at === dirname(at)) return real;
  }
}

function objectionTo({ uid, gid, mode }: Stats, own: number, isAbove: boolean): string | undefined {
  if (uid !== 0 && uid !== own) return `user ${uid} owns it`;
  if (isAbove && (mode & STICKY) !== 0) return undefined;
  if ((mode & OTHERS_WRITE) !== 0) return "every user may write to it";
  // A group of the user's own number is the user's private one; distributions that create those use umask 002.
  if ((mode & GROUP_WRITES) !== 0 && gid !== 0 && (own === 0 || gid !== own)) return `group ${gid} may write to it`;
  return undefined;
}
