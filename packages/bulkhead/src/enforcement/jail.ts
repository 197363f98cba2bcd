import type { Evidence } from "../evidence/observed.js";
import type { Protection } from "../policy/protections.js";

/** Evidence that must hold for every jail, the sandbox around a program that itself makes a wall. */
export interface JailLook {
  readonly protection: Protection;
  readonly held: boolean;
}

/** Lower uids may be the host's own users. */
const LEAST_OF_RANGE = 65_536;

const NAMESPACES = [
  ["namespace.user", ["user"]],
  ["namespace.mount", ["mount", "mnt"]],
  ["namespace.pid", ["pid"]],
  ["namespace.ipc", ["ipc"]],
  ["namespace.net", ["net"]],
  ["namespace.uts", ["uts"]],
] as const satisfies readonly (readonly [Protection, readonly string[]])[];

/** Requested settings of the jail that differ between hosts. */
export interface JailSettings {
  /** Controllers of its cgroup. */
  readonly controllers: readonly string[];
  /** Whether it has its own range of uids. */
  readonly uidRange: boolean;
}

/**
 * Checks the broker's evidence about the jail of `runsc` or a virtual machine monitor: a uid other than the broker's, a
 * seccomp filter, its own namespaces, and a cgroup that counts it. Whatever the plan says, a jail without one of these
 * is no jail; features that a host may lack are checked only if requested. Pure.
 */
export function jailLooks(
  { init, cgroup, mounts }: Evidence,
  { controllers, uidRange }: JailSettings,
): readonly JailLook[] {
  const counted = (controller: string, protection: Protection, most: number | null): readonly JailLook[] =>
    controllers.includes(controller) ? [{ protection, held: most !== null }] : [];
  return [
    ...(uidRange ? [{ protection: "uid-range" as const, held: init.uid.every((uid) => uid >= LEAST_OF_RANGE) }] : []),
    { protection: "no-new-privs", held: init.noNewPrivs },
    { protection: "seccomp", held: init.seccomp === 2 },
    ...NAMESPACES.map(([protection, names]) => ({
      protection,
      held: names.some((name) => init.namespaces[name] === "own"),
    })),
    { protection: "read-only-root", held: mounts.rootReadOnly },
    ...counted("memory", "cgroup.memory", cgroup.memoryMax),
    ...counted("pids", "cgroup.pids", cgroup.pidsMax),
  ];
}
