import { INSIDE } from "../../policy/network/inside.js";
import type { ResolvedPolicy } from "../../policy/resolved.js";
import type { Inputs } from "../input-types.js";
import { coveredBundles } from "../inputs/bundles.js";
import { COVERED_FILES } from "../inputs/mount-points.js";
import type { Mount } from "../schema.js";

/**
 * The few files of /etc that a sandbox has of its own. A root's own are covered, and a root without them gets them: images often have none,
 * since every runtime writes them, and without /etc/hosts nothing knows `localhost`.
 */
export function ownFiles(inputs: Inputs, { hostname, network }: ResolvedPolicy): readonly Mount[] {
  const contents: Readonly<Record<(typeof COVERED_FILES)[number], string>> = {
    "/etc/hosts": `127.0.0.1 localhost\n::1 localhost\n127.0.1.1 ${hostname}\n`,
    // Without a network there is no name server: an answer at once is better than a time-out.
    "/etc/resolv.conf": network.kind === "none" ? "" : `nameserver ${INSIDE.address}\n`,
    "/etc/hostname": `${hostname}\n`,
  };
  const { root } = inputs;
  if (root.kind === "host") {
    return COVERED_FILES.map((at) => file(at, contents[at]));
  }
  // Each costs mounts, and the base image says by itself what a default plan would. A device in their place stays, and so does a link to where
  // something else is mounted.
  const wanted = (at: (typeof COVERED_FILES)[number]) => {
    const kind = root.kindAt[placeOf(root, at)];
    return kind === "missing" ? contents[at] !== "" : kind === "file" && root.contents[at] !== contents[at];
  };
  return COVERED_FILES.filter(wanted).map((at) => file(placeOf(root, at), contents[at]));
}

/** Where a covered file is, behind the links of a root. */
export function placeOf(root: Inputs["root"], at: string): string {
  return root.kind === "host" ? at : (root.links?.[at] ?? at);
}

/** What stands in the place of a root's bundle of authorities until the authority of one sandbox is made. */
export const BUNDLE_TO_COME = "# The authorities of the root and of the host, and one that is made for this sandbox.\n";

/** Covers the root's own bundles, for programs that heed no variable. A link to one leads to the cover. */
export function bundleCovers({ root }: Inputs, policy: ResolvedPolicy): readonly Mount[] {
  const covered = coveredBundles(policy);
  const found = root.kind === "host" ? root.bundles : covered.filter((at) => root.kindAt[at] === "file");
  return found.filter((at) => covered.includes(at)).map((at) => file(at, BUNDLE_TO_COME));
}

/** What they say. Of the host's own root nothing: that is known already to who makes the bundle. */
export function bundlesOf({ root }: Inputs, policy: ResolvedPolicy): readonly string[] {
  if (root.kind === "host") return [];
  return coveredBundles(policy).flatMap((at) => root.contents[at] ?? []);
}

function file(at: string, content: string): Mount {
  return { kind: "file", at, content };
}
