import type { Protection } from "../policy/protections.js";
import type { Evidence } from "./observed.js";

/** What must be in force around every program that makes a wall of its own. */
export interface JailLook {
  readonly protection: Protection;
  readonly held: boolean;
}

const NAMESPACES = [
  ["namespace.user", ["user"]],
  ["namespace.mount", ["mount", "mnt"]],
  ["namespace.pid", ["pid"]],
  ["namespace.ipc", ["ipc"]],
  ["namespace.net", ["net"]],
  ["namespace.uts", ["uts"]],
] as const satisfies readonly (readonly [Protection, readonly string[]])[];

/**
 * What the broker sees of the jail of `runsc` or a virtual machine monitor: it is somebody else than the broker, under a filter, in namespaces of its
 * own, and counted. Whatever the plan says: a jail without one of these is none. Pure.
 */
export function jailLooks({ init, cgroup, mounts }: Evidence): readonly JailLook[] {
  return [
    { protection: "uid-range", held: init.uid.every((uid) => uid !== 0) },
    { protection: "no-new-privs", held: init.noNewPrivs },
    { protection: "seccomp", held: init.seccomp === 2 },
    ...NAMESPACES.map(([protection, names]) => ({
      protection,
      held: names.some((name) => init.namespaces[name] === "own"),
    })),
    { protection: "read-only-root", held: mounts.rootReadOnly },
    { protection: "cgroup.memory", held: cgroup.version === 0 || cgroup.memoryMax !== null },
    { protection: "cgroup.pids", held: cgroup.version === 0 || cgroup.pidsMax !== null },
  ];
}
