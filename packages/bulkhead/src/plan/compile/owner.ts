import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Facts } from "../../host/facts.js";
import { isKernelAtLeast } from "../../host/requirements.js";
import type { DirectoryRoot, HostFile, UserInput } from "../input-types.js";
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
 * Whether a root's files appear as root's inside. Worth an idmapped mount for images, where programs look at owners, and
 * where the workload may change the root; else owners that show as nobody are fine, cost nothing, and work on every
 * file system.
 */
export function rootOwner(root: DirectoryRoot, user: UserInput, writable: boolean, facts: Facts): Owner | null {
  const { uid, gid } = root.directory;
  const wanted = root.image || writable || user.uid === 0;
  const allowed = facts.privileged && (facts.callerUid === 0 || facts.callerUid === uid);
  // Before 5.19 an idmapped mount could not be an overlay's lower layer.
  return wanted && allowed && isKernelAtLeast(facts.kernel, 5, 19)
    ? { hostUid: uid, hostGid: gid, uid: 0, gid: 0 }
    : null;
}
