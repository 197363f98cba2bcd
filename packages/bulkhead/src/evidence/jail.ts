import type { Protection } from "../policy/protections.js";
import type { Evidence } from "./observed.js";

/** What must be in force around every program that makes a wall of its own. */
export interface JailLook {
  readonly protection: Protection;
  readonly held: boolean;
}

/** Below are the host's own users. */
const LEAST_OF_RANGE = 65_536;

const NAMESPACES = [
  ["namespace.user", ["user"]],
  ["namespace.mount", ["mount", "mnt"]],
  ["namespace.pid", ["pid"]],
  ["namespace.ipc", ["ipc"]],
  ["namespace.net", ["net"]],
  ["namespace.uts", ["uts"]],
] as const satisfies readonly (readonly [Protection, readonly string[]])[];

/** What the jail was asked for, where that is not the same on every host. */
export interface Asked {
  /** Of control groups. */
  readonly controllers: readonly string[];
  /** Uids that nobody else has. */
  readonly uidRange: boolean;
}

/**
 * What the broker sees of the jail of `runsc` or a virtual machine monitor: it is somebody else than the broker, under a filter, in namespaces of its
 * own, and counted. Whatever the plan says: a jail without one of these is none; but for what a host may lack, of which only what was asked for is looked at. Pure.
 */
export function jailLooks({ init, cgroup, mounts }: Evidence, { controllers, uidRange }: Asked): readonly JailLook[] {
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
