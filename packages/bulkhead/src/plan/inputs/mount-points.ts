import type { ResolvedPolicy } from "../../policy/resolved.js";

/** Files of a root that a plan covers where the root has them. */
export const COVERED_FILES = ["/etc/hosts", "/etc/resolv.conf", "/etc/hostname"] as const;

/** Every place in a root that a plan for this policy may mount on. */
export function mountPoints(policy: ResolvedPolicy, workdir: string): readonly string[] {
  return [
    ...new Set(["/proc", "/sys", "/dev", "/tmp", workdir, ...policy.files.map(({ at }) => at), ...COVERED_FILES]),
  ];
}
