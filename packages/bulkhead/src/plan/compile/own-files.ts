import { INSIDE } from "../../policy/network/inside.js";
import type { ResolvedPolicy } from "../../policy/resolved.js";
import type { Inputs } from "../input-types.js";
import { coveredBundles } from "../inputs/bundles.js";
import { COVERED_FILES } from "../inputs/mount-points.js";
import type { Mount } from "../schema.js";

/**
 * A sandbox's own files in /etc. They cover those of a root, and are created in a root without them: images often have
 * none, because every runtime writes them, and without /etc/hosts nothing knows `localhost`.
 */
export function ownFiles(inputs: Inputs, { hostname, network }: ResolvedPolicy): readonly Mount[] {
  const contents: Readonly<Record<(typeof COVERED_FILES)[number], string>> = {
    "/etc/hosts": `127.0.0.1 localhost\n::1 localhost\n127.0.1.1 ${hostname}\n`,
    // Without a network there is no name server: an immediate answer is better than a time-out.
    "/etc/resolv.conf": network.kind === "none" ? "" : `nameserver ${INSIDE.address}\n`,
    "/etc/hostname": `${hostname}\n`,
  };
  const { root } = inputs;
  if (root.kind === "host") {
    return COVERED_FILES.map((at) => file(at, contents[at]));
  }
  // Each costs mounts, and the base image already contains what a default plan would write. A device in their place
  // stays, and so does a link to another mount.
  const wanted = (at: (typeof COVERED_FILES)[number]) => {
    const kind = root.kindAt[placeOf(root, at)];
    return kind === "missing" ? contents[at] !== "" : kind === "file" && root.contents[at] !== contents[at];
  };
  return COVERED_FILES.filter(wanted).map((at) => file(placeOf(root, at), contents[at]));
}

/** Path of a covered file, after resolving the root's links. */
export function placeOf(root: Inputs["root"], at: string): string {
  return root.kind === "host" ? at : (root.links?.[at] ?? at);
}

/** Placeholder for a root's CA bundle until the CA of one sandbox is created. */
export const BUNDLE_TO_COME = "# The authorities of the root and of the host, and one that is made for this sandbox.\n";

/** Covers the root's own CA bundles, for programs that ignore the variables. A link to one leads to the cover. */
export function bundleCovers({ root }: Inputs, policy: ResolvedPolicy): readonly Mount[] {
  const covered = coveredBundles(policy);
  const found = root.kind === "host" ? root.bundles : covered.filter((at) => root.kindAt[at] === "file");
  return found.filter((at) => covered.includes(at)).map((at) => file(at, BUNDLE_TO_COME));
}

/**
 * Content of the root's CA bundles. Empty for the host's own root: the code that builds the bundle already knows it.
 */
export function bundlesOf({ root }: Inputs, policy: ResolvedPolicy): readonly string[] {
  if (root.kind === "host") return [];
  return coveredBundles(policy).flatMap((at) => root.contents[at] ?? []);
}

function file(at: string, content: string): Mount {
  return { kind: "file", at, content };
}
