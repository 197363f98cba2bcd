import { isWithin } from "../../policy/paths.js";
import type { ResolvedPolicy } from "../../policy/resolved.js";
import { coveredBundles } from "./bundles.js";
import type { LayeredRoot } from "./layered.js";

/** Files of a root that a plan covers where the root has them. */
export const COVERED_FILES = ["/etc/hosts", "/etc/resolv.conf", "/etc/hostname"] as const;

/** Those that name users and groups: covered where they do not name the workload's, and made where a root has none. */
export const ACCOUNT_FILES = { passwd: "/etc/passwd", group: "/etc/group" } as const;

/** All of these, with what one policy has covered beside them. */
export function coveredFiles(policy: Pick<ResolvedPolicy, "network" | "secrets">): readonly string[] {
  return [...COVERED_FILES, ...Object.values(ACCOUNT_FILES), ...coveredBundles(policy)];
}

/**
 * Where links at covered files lead within the root, as every runtime follows them: `/etc/resolv.conf` is often one, to a place that nothing makes in an image.
 * One that leads to where something else is mounted is left alone.
 */
export function linksOf(policy: ResolvedPolicy, home: string, view: LayeredRoot): Readonly<Record<string, string>> {
  const mounted = ["/proc", "/sys", "/dev", "/tmp", home, ...policy.files.map(({ at }) => at)];
  const taken = new Set(coveredFiles(policy));
  const links: Record<string, string> = {};
  for (const at of [...COVERED_FILES, ...Object.values(ACCOUNT_FILES)]) {
    const real = view.kindAt(at) === "other" ? view.real(at) : undefined;
    // One mount a place, whatever an image says.
    if (real === undefined || real === "/" || taken.has(real) || mounted.some((place) => isWithin(real, place)))
      continue;
    taken.add(real);
    links[at] = real;
  }
  return links;
}

/** Every place in a root that a plan for this policy may mount on. */
export function mountPoints(policy: ResolvedPolicy, home: string): readonly string[] {
  return [
    ...new Set(["/proc", "/sys", "/dev", "/tmp", home, ...policy.files.map(({ at }) => at), ...coveredFiles(policy)]),
  ];
}
