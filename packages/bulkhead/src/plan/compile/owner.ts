import { STORE_RANGE } from "../../contract/generated/plan-constants.js";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Facts } from "../../host/facts.js";
import type { HostReport } from "../../host/report.js";
import { isKernelAtLeast } from "../../host/requirements.js";
import { isWithin } from "../../policy/paths.js";
import type { DirectoryRoot, HostFile, UserInput } from "../input-types.js";
import type { RootDirectory } from "../schema.js";

type Owner = NonNullable<RootDirectory["owner"]>;

/** The facts that owners depend on: the broker's, and whether the host's kernel maps ids. */
export interface Lender extends Pick<Facts, "privileged" | "callerUid" | "callerGid" | "kernel"> {
  /** The broker of this host is not root, so the host has no idmapped mounts. */
  readonly mapsNothing: boolean;
}

export function lenderOf({ facts, privileged }: HostReport): Lender {
  return { ...facts, mapsNothing: !(privileged ?? facts.privileged) };
}

/**
 * The owner on disk that maps to the sandbox's user in a writable mount. Never root: the workload's files would be
 * root's on the host. Null without a privileged broker, where the sandbox's user is the caller already. Throws
 * MOUNT_OWNER_ROOT, MOUNT_OWNER_FOREIGN, MOUNT_IDMAP_UNSUPPORTED; the broker repeats the check.
 */
export function writableOwner(file: HostFile, user: UserInput, lender: Lender): Owner | null {
  const operation = "mount writable";
  if (file.uid === 0) throw new BulkheadError("MOUNT_OWNER_ROOT", { operation, path: file.path });
  if (lender.callerUid !== 0 && file.uid !== lender.callerUid) {
    const detail = `its owner is uid ${file.uid}`;
    throw new BulkheadError("MOUNT_OWNER_FOREIGN", { operation, path: file.path, detail });
  }
  if (!lender.privileged) return null;
  requireMapped(file, lender, operation);
  return { hostUid: file.uid, hostGid: groupFor(file, lender), uid: user.uid, gid: user.gid };
}

/**
 * A caller may not use other groups, and group root stays unmapped: files then get the owner's number as their group.
 */
function groupFor(file: HostFile, { callerUid, callerGid }: Lender): number {
  const gid = callerUid === 0 ? file.gid : callerGid;
  return gid === 0 ? file.uid : gid;
}

function requireMapped(file: HostFile, { mapsNothing }: Lender, operation: string): void {
  if (file.notMapped === undefined || mapsNothing) return;
  throw new BulkheadError("MOUNT_IDMAP_UNSUPPORTED", { operation, path: file.path, detail: file.notMapped });
}

/**
 * The owner on disk that maps to the sandbox's user in a read-only mount: its owner, as in a writable one, if the
 * caller may map it. Programs check owners (git refuses a repository with an unmapped owner), and a policy names a path
 * so that it can be read. Where ids cannot be mapped, the owner of a world-readable path stays unmapped. For root, a
 * system's own directories are mapped only if they are closed: a mount of /etc shows what every user may see of it.
 */
export function readableOwner(file: HostFile, user: UserInput, lender: Lender): Owner | null {
  if (!file.openToAll) return closedOwner(file, user, lender);
  if (!mayLend(file, lender) || whyNobodys(file, lender) !== undefined) return null;
  const owner = { uid: user.uid, gid: user.gid, optional: true };
  const hostGid = file.uid === 0 ? file.gid : groupFor(file, lender);
  return { hostUid: file.uid, hostGid, ...owner };
}

/** Why the owner of a read-only, world-readable path stays unmapped, as a clause; undefined if it is mapped. */
export function whyNobodys(file: HostFile, lender: Lender): string | undefined {
  if (!lender.privileged)
    return file.uid === lender.callerUid ? undefined : `it belongs to uid ${file.uid}, not to you`;
  if (!mayLend(file, lender)) return `it belongs to uid ${file.uid}, which is not yours to lend`;
  if (lender.callerUid === 0 && isOfSystem(file.path)) return "root lends nothing of the system's own directories";
  return lender.mapsNothing ? undefined : file.notMapped;
}

/**
 * A path that is closed to others, such as one of `mktemp -d`, could not be read at all without its owner. Throws
 * MOUNT_IDMAP_UNSUPPORTED.
 */
function closedOwner(file: HostFile, user: UserInput, lender: Lender): Owner | null {
  if (file.openToAll || !mayLend(file, lender)) return null;
  requireMapped(file, lender, "mount a path that is closed to others");
  const hostGid = lender.callerUid === 0 ? file.gid : lender.callerGid;
  return { hostUid: file.uid, hostGid, uid: user.uid, gid: user.gid };
}

/** Trees in which root's files are closed because they are secret, and the directories that contain those of others. */
const OF_SYSTEM = [
  "/bin",
  "/boot",
  "/dev",
  "/etc",
  "/lib",
  "/lib32",
  "/lib64",
  "/libx32",
  "/opt",
  "/proc",
  "/run",
  "/sbin",
  "/srv",
  "/sys",
  "/usr",
  "/var",
];
const NOT_OF_SYSTEM = ["/usr/src", "/var/tmp"];
const HOLD_OTHERS: ReadonlySet<string> = new Set(["/", "/home", "/media", "/mnt", "/root", "/tmp", "/var/tmp"]);

function isOfSystem(path: string): boolean {
  const within = (trees: readonly string[]) => trees.some((tree) => isWithin(path, tree));
  return HOLD_OTHERS.has(path) || (within(OF_SYSTEM) && !within(NOT_OF_SYSTEM));
}

/**
 * Owners of the root's files inside. In an image of root's store, each id keeps its own; otherwise root, if programs
 * check owners (other images) or the workload may change the root; or the user, if no other id could enter it. In all
 * other cases unmapped owners are fine, cost nothing, and work on every file system.
 */
export function rootOwner(
  root: DirectoryRoot,
  user: UserInput,
  writable: boolean,
  overlaid: boolean,
  lender: Lender,
): Owner | null {
  const { directory, layers } = root;
  const stacked = overlaid || (layers !== null && layers.length > 1);
  // Before 5.19 an idmapped mount could not be an overlay's lower layer.
  if (!mayLend(directory, lender) || (stacked && !isKernelAtLeast(lender.kernel, 5, 19))) return null;
  if (layers !== null && directory.uid === STORE_RANGE) return { range: STORE_RANGE };
  if (layers !== null || writable || user.uid === 0) {
    return { hostUid: directory.uid, hostGid: directory.gid, uid: 0, gid: 0 };
  }
  return closedOwner(directory, user, lender);
}

/** An idmapped mount needs a privileged broker, and maps only an id that is the caller's own. */
function mayLend(file: HostFile, { privileged, callerUid }: Lender): boolean {
  return privileged && (callerUid === 0 || callerUid === file.uid);
}
