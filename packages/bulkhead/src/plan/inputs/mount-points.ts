import { isWithin } from "../../policy/paths.js";
import type { ResolvedPolicy } from "../../policy/resolved.js";
import { coveredBundles } from "./bundles.js";
import type { LayeredRoot } from "./layered.js";

/** Files of a root that a plan covers if the root has them. */
export const COVERED_FILES = ["/etc/hosts", "/etc/resolv.conf", "/etc/hostname"] as const;

/** Files that name users and groups: covered if they do not name the workload's, and created if a root has none. */
export const ACCOUNT_FILES = { passwd: "/etc/passwd", group: "/etc/group" } as const;

/** All of these, plus those that one policy covers. */
export function coveredFiles(policy: Pick<ResolvedPolicy, "network" | "secrets">): readonly string[] {
  return [...COVERED_FILES, ...Object.values(ACCOUNT_FILES), ...coveredBundles(policy)];
}

/**
 * Targets of links at covered files within the root, as every runtime follows them: `/etc/resolv.conf` is often one, to
 * a path that nothing creates in an image. A link to another mount is left alone.
 */
export function linksOf(policy: ResolvedPolicy, home: string, view: LayeredRoot): Readonly<Record<string, string>> {
  const mounted = ["/proc", "/sys", "/dev", "/tmp", home, ...policy.files.map(({ at }) => at)];
  const taken = new Set(coveredFiles(policy));
  const links: Record<string, string> = {};
  for (const at of [...COVERED_FILES, ...Object.values(ACCOUNT_FILES)]) {
    const real = view.kindAt(at) === "other" ? view.real(at) : undefined;
    // One mount per path, whatever an image says.
    if (real === undefined || real === "/" || taken.has(real) || mounted.some((place) => isWithin(real, place)))
      continue;
    taken.add(real);
    links[at] = real;
  }
  return links;
}

/** Every path in a root that a plan for this policy may mount on. */
export function mountPoints(policy: ResolvedPolicy, home: string): readonly string[] {
  return [
    ...new Set(["/proc", "/sys", "/dev", "/tmp", home, ...policy.files.map(({ at }) => at), ...coveredFiles(policy)]),
  ];
}
