import { MAX_CONTENT_BYTES } from "../../contract/generated/plan-constants.js";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Counting } from "../../host/report.js";
import { hasEgress } from "../../plan/connections.js";
import type { Mount, Plan, Root } from "../../plan/schema.js";
import { isWithin, SHARED_MEMORY } from "../../policy/paths.js";
import type { WorkingRunsc } from "./found.js";
import { inRoot, jailOf } from "./jail.js";
import { INIT, INNER, ROOT } from "./layout.js";
import { innerPlan, ociConfig } from "./oci.js";
import { type Separate, separately } from "./separate.js";

const EMPTY = { sizeBytes: 4096, inodes: 16, mode: 0o555, uid: 0, gid: 0, exec: false } as const;
const SMALL = { sizeBytes: 1024 * 1024, inodes: 1024 } as const;

/**
 * The jail of `runsc` for a workload's plan. The broker builds the workload's tree in it as at level container, with
 * the same checks of paths, owners and limits; `runsc` serves that tree, and provides /proc, /sys and /dev itself.
 * Pure.
 */
export function hostPlan(workload: Plan, found: WorkingRunsc, initPath: string): Plan {
  if (workload.apparmor !== null) throw unsupported("apparmor");
  if (workload.selinux !== null) throw unsupported("selinux");
  const { cgroup } = workload;
  if (!cgroup.controllers.includes("memory") || !cgroup.controllers.includes("pids"))
    throw unsupported("limits without cgroups");
  const separate = separately(workload);
  const own = new Map(separate.map((one) => [one.at, one.mounts]));
  return jailOf(found, workload, cgroup, {
    mounts: [
      ...treeOf(workload.root),
      ...initMounts(workload, initPath, found.counting),
      ...workload.mounts.flatMap((mount) => own.get(mount.at) ?? moved(mount, placeOf(mount, separate))),
      ...(own.get(SHARED_MEMORY) ?? []),
    ],
    config: ociConfig(workload, separate),
    writesHost: workload.mounts.some((mount) => mount.kind === "bind" && !mount.readOnly),
    egress: hasEgress(workload),
  });
}

/** The root always has an in-memory layer here: init needs a place in it. */
function treeOf({ source, overlay, readOnly }: Root): readonly Mount[] {
  if (source.kind === "empty") return [];
  const layers = source.kind === "layers" ? source.layers : [source.path];
  return [{ kind: "layers", at: ROOT, layers, owner: source.owner, overlay: overlay ?? SMALL, readOnly, exec: true }];
}

function initMounts(workload: Plan, initPath: string, counting: Counting): readonly Mount[] {
  const content = JSON.stringify(innerPlan(workload, counting));
  if (Buffer.byteLength(content) > MAX_CONTENT_BYTES) throw unsupported("a seccomp profile of this size");
  return [
    { kind: "bind", source: initPath, at: inRoot(INIT), readOnly: true, exec: true, owner: null },
    { kind: "file", at: inRoot(INNER), content },
  ];
}

/**
 * Moves a mount into the jail's copy of the root. The kernel's trees are the Sentry's, and show nothing of the host
 * that would need a mask; placeholders keep an image's links from making `runsc` mount something else there.
 */
function moved(mount: Mount, at: string): readonly Mount[] {
  switch (mount.kind) {
    case "proc":
    case "sys":
    case "dev":
      return [{ kind: "tmpfs", at: inRoot(mount.at), ...EMPTY }];
    case "mask":
    case "device":
      return [];
    case "bind":
    case "tmpfs":
    case "layers":
    case "file":
    case "passwd":
    case "group":
    case "symlink":
      return [{ ...mount, at }];
  }
}

/** Path in the jail: a covered file in a volume of the image lies in that volume, which the Sentry mounts by itself. */
function placeOf({ kind, at }: Mount, separate: readonly Separate[]): string {
  const volume = kind === "file" ? separate.find((one) => one.covered && isWithin(at, one.at)) : undefined;
  return volume === undefined ? inRoot(at) : `${volume.source}${at.slice(volume.at.length)}`;
}

function unsupported(what: string): BulkheadError {
  return new BulkheadError("UNSUPPORTED", { operation: "level gvisor", detail: what });
}
