import type { ResolvedPolicy } from "../../policy/resolved.js";
import { coveredBundles } from "./bundles.js";

/** Files of a root that a plan covers where the root has them. */
export const COVERED_FILES = ["/etc/hosts", "/etc/resolv.conf", "/etc/hostname"] as const;

/** Those that name users and groups: covered where they do not name the workload's, and made where a root has none. */
export const ACCOUNT_FILES = { passwd: "/etc/passwd", group: "/etc/group" } as const;

/** All of these, with what one policy has covered beside them. */
export function coveredFiles(policy: Pick<ResolvedPolicy, "network" | "secrets">): readonly string[] {
  return [...COVERED_FILES, ...Object.values(ACCOUNT_FILES), ...coveredBundles(policy)];
}

/** Every place in a root that a plan for this policy may mount on. */
export function mountPoints(policy: ResolvedPolicy, home: string): readonly string[] {
  return [
    ...new Set(["/proc", "/sys", "/dev", "/tmp", home, ...policy.files.map(({ at }) => at), ...coveredFiles(policy)]),
  ];
}
