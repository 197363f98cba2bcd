import { INSIDE } from "../../policy/network/inside.js";
import type { ResolvedPolicy } from "../../policy/resolved.js";
import type { Inputs } from "../input-types.js";
import { coveredBundles } from "../inputs/bundles.js";
import { COVERED_FILES } from "../inputs/mount-points.js";
import type { Mount, Plan } from "../schema.js";

/**
 * A sandbox's own files in /etc. They cover those of a root, and are created in a root without them: images often have
 * none, because every runtime writes them, and without /etc/hosts nothing knows `localhost`.
 */
export function ownFiles(inputs: Inputs, { hostname, hosts, network }: ResolvedPolicy): readonly Mount[] {
  const named = Object.entries(hosts).map(([name, address]) => `${address} ${name}\n`);
  const contents: Readonly<Record<(typeof COVERED_FILES)[number], string>> = {
    "/etc/hosts": `127.0.0.1 localhost\n::1 localhost\n127.0.1.1 ${hostname}\n${named.join("")}`,
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

/** The CA bundles of a plan. Each sandbox has a CA of its own, so their content is filled in at launch. */
export interface CaBundles {
  /** Slots: places of file mounts of the plan that have no content yet. An empty bundle trusts no CA. */
  readonly slots: readonly string[];
  /** Content of the root's own bundles at these places. */
  readonly roots: readonly string[];
}

export const NO_CA_BUNDLES: CaBundles = { slots: [], roots: [] };

/** Covers the root's own CA bundles, for programs that ignore the variables. A link to one leads to the cover. */
export function bundleCovers({ root }: Inputs, policy: ResolvedPolicy): readonly Mount[] {
  const covered = coveredBundles(policy);
  const found = root.kind === "host" ? root.bundles : covered.filter((at) => root.kindAt[at] === "file");
  return found.filter((at) => covered.includes(at)).map((at) => file(at, ""));
}

/**
 * The slots of a plan, and the content that they cover. No content for the host's own root: the code that builds the
 * bundle already knows it.
 */
export function caBundlesOf(plan: Pick<Plan, "mounts">, inputs: Inputs, policy: ResolvedPolicy): CaBundles {
  const covered = new Set(bundleCovers(inputs, policy).map(({ at }) => at));
  const slots = plan.mounts.flatMap(({ kind, at }) => (kind === "file" && covered.has(at) ? [at] : []));
  const { root } = inputs;
  const roots = root.kind === "host" ? [] : coveredBundles(policy).flatMap((at) => root.contents[at] ?? []);
  return { slots, roots };
}

function file(at: string, content: string): Mount {
  return { kind: "file", at, content };
}
