import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Facts } from "../../host/facts.js";
import { isKernelAtLeast } from "../../host/requirements.js";
import type { DirectoryRoot, HostFile, UserInput } from "../input-types.js";
import { STORE_RANGE } from "../schema/store-range.js";
import type { RootDirectory } from "../schema.js";

type Owner = NonNullable<RootDirectory["owner"]>;

/**
 * Who on disk stands for the sandbox's user in a writable mount. Never root: what a workload writes would be root's on
 * the host. Null without a privileged broker, where the sandbox's user is the caller already.
 * Throws MOUNT_OWNER_ROOT, MOUNT_OWNER_FOREIGN; the broker checks the same again.
 */
export function writableOwner(file: HostFile, user: UserInput, facts: Facts): Owner | null {
  const callerIsRoot = facts.callerUid === 0;
  if (file.uid === 0) throw new BulkheadError("MOUNT_OWNER_ROOT", { operation: "mount writable", path: file.path });
  if (!callerIsRoot && file.uid !== facts.callerUid) {
    throw new BulkheadError("MOUNT_OWNER_FOREIGN", {
      operation: "mount writable",
      path: file.path,
      detail: `its owner is uid ${file.uid}`,
    });
  }
  if (!facts.privileged) return null;
  return { hostUid: file.uid, hostGid: writableGid(file, facts), uid: user.uid, gid: user.gid };
}

/** A caller has no say over other groups, and group root is nobody's: files then get the owner's number as their group. */
function writableGid(file: HostFile, facts: Facts): number {
  const gid = facts.callerUid === 0 ? file.gid : facts.callerGid;
  return gid === 0 ? file.uid : gid;
}

/**
 * Who on disk stands for the sandbox's user in a read-only mount. Nobody, so that a mount shows what everybody may see and
 * no more (`/etc` without its shadow file); but a path that is closed to others, such as what `mktemp -d` makes, was
 * named to be read, and its owner may lend it.
 */
export function readableOwner(file: HostFile, user: UserInput, facts: Facts): Owner | null {
  if (file.openToAll || !mayLend(file, facts)) return null;
  return {
    hostUid: file.uid,
    hostGid: facts.callerUid === 0 ? file.gid : facts.callerGid,
    uid: user.uid,
    gid: user.gid,
  };
}

/**
 * Whose the root's files are inside. In an image of root's store everybody's own; else root's, where programs look at owners (other images) or the
 * workload may change the root; the user's, where nobody else could enter it. Else owners that show as nobody are fine, cost nothing, and work on every file system.
 */
export function rootOwner(
  root: DirectoryRoot,
  user: UserInput,
  writable: boolean,
  overlaid: boolean,
  facts: Facts,
): Owner | null {
  const { directory, layers } = root;
  const stacked = overlaid || (layers !== null && layers.length > 1);
  // Before 5.19 an idmapped mount could not be an overlay's lower layer.
  if (!mayLend(directory, facts) || (stacked && !isKernelAtLeast(facts.kernel, 5, 19))) return null;
  if (layers !== null && directory.uid === STORE_RANGE) return { range: STORE_RANGE };
  if (layers !== null || writable || user.uid === 0) {
    return { hostUid: directory.uid, hostGid: directory.gid, uid: 0, gid: 0 };
  }
  return readableOwner(directory, user, facts);
}

/** An idmapped mount needs a privileged broker, and lends an id that must be the caller's own. */
function mayLend(file: HostFile, facts: Facts): boolean {
  return facts.privileged && (facts.callerUid === 0 || facts.callerUid === file.uid);
}
