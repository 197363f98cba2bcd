import { isWithin } from "../../policy/paths.js";
import type { ResolvedPolicy } from "../../policy/resolved.js";
import type { DirectoryRoot, Inputs } from "../input-types.js";
import type { Mount, Root } from "../schema.js";
import { inodesFor } from "./inodes.js";
import { type Lender, rootOwner } from "./owner.js";

/** Room for mount points and a few small files, where nothing else is writable. */
const SMALL_BYTES = 4 * 1024 * 1024;

/** The root file system, with an in-memory layer above a directory if something must be written or created in it. */
export function rootFor(policy: ResolvedPolicy, inputs: Inputs, mounts: readonly Mount[], lender: Lender): Root {
  const readOnly = !policy.writableRoot;
  const sizeBytes = readOnly ? SMALL_BYTES : policy.resources.diskBytes;
  const { root } = inputs;
  if (root.kind === "host") return { source: { kind: "empty", sizeBytes }, readOnly, overlay: null };
  const layered = !readOnly || mounts.some((mount, index) => isMissing(mount, mounts.slice(0, index), root));
  const owner = rootOwner(root, inputs.user, policy.writableRoot, layered, lender);
  const { layers, directory } = root;
  return {
    source:
      layers === null
        ? { kind: "directory", path: directory.path, owner }
        : { kind: "layers", layers: [...layers], owner },
    readOnly,
    overlay: layered ? { sizeBytes, inodes: inodesFor(sizeBytes) } : null,
  };
}

/** Whether the mount point must be created, in the root or in an earlier mount. */
function isMissing(mount: Mount, before: readonly Mount[], root: DirectoryRoot): boolean {
  if (mount.kind === "mask") return false; // only ever covers what is there
  const below = before.some(
    (parent) => ["tmpfs", "bind", "layers"].includes(parent.kind) && isWithin(mount.at, parent.at),
  );
  const isMissingVolume = root.volumes?.some(({ at, isMissing: missing }) => missing && at === mount.at);
  return below || isMissingVolume === true || root.kindAt[mount.at] === "missing";
}
