import { isWithin } from "../../policy/paths.js";
import type { FileChoice, ResolvedPolicy } from "../../policy/resolved.js";
import type { Inputs, Volume } from "../input-types.js";
import type { Mount } from "../schema.js";
import { inodesFor } from "./inodes.js";
import { type Lender, rootOwner } from "./owner.js";

/** The VOLUMEs of an image for which the policy has nothing else: at their path, or around it from the host. */
export function volumesFor({ files }: ResolvedPolicy, { root }: Inputs): readonly Volume[] {
  if (root.kind === "host" || root.volumes === undefined) return [];
  const hides = (file: FileChoice, at: string) => file.at === at || (file.kind === "host" && isWithin(at, file.at));
  // /tmp is writable anyway.
  return root.volumes.filter(({ at }) => at !== "/tmp" && !files.some((file) => hides(file, at)));
}

/**
 * Each volume is a separate in-memory file system, with the size that the policy gives all of these: empty and owned by
 * the workload's user; or, if the image has content there, a layer above that, with the image's owners and modes.
 */
export function volumeMounts(policy: ResolvedPolicy, inputs: Inputs, lender: Lender): readonly Mount[] {
  const { root, user } = inputs;
  if (root.kind === "host") return [];
  const sizeBytes = policy.resources.diskBytes;
  const overlay = { sizeBytes, inodes: inodesFor(sizeBytes) };
  return volumesFor(policy, inputs).map(({ at, layers }): Mount => {
    if (layers === null) {
      const { uid, gid } = user;
      return { kind: "tmpfs", at, ...overlay, mode: 0o755, uid, gid, exec: true };
    }
    const owner = rootOwner(root, user, true, true, lender);
    return { kind: "layers", at, layers: [...layers], owner, overlay, readOnly: false, exec: true };
  });
}
