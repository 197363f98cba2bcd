import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Mount, Plan, Root } from "../../plan/schema.js";
import type { Found } from "./found.js";
import { inRoot, jailOf } from "./jail.js";
import { INIT, ROOT } from "./layout.js";
import { ociConfig } from "./oci.js";
import { separately } from "./separate.js";

const SMALL = { sizeBytes: 1024 * 1024, inodes: 1024 } as const;

/**
 * The jail of `runsc` for a workload's plan. The broker builds the workload's tree in it as it does at level container, with the same
 * checks of paths, owners and limits; `runsc` serves that tree, and makes /proc, /sys and /dev itself. Pure.
 */
export function hostPlan(workload: Plan, found: Found, initPath: string): Plan {
  if (workload.apparmor !== null) throw unsupported("apparmor");
  const { cgroup } = workload;
  if (!cgroup.controllers.includes("memory") || !cgroup.controllers.includes("pids"))
    throw unsupported("limits without cgroups");
  const binds = workload.mounts.filter((mount) => mount.kind === "bind");
  // The gofer makes files as root of its jail and gives them away afterwards, which a mount that lends one owner's id cannot take.
  if (binds.some((mount) => !mount.readOnly))
    throw unsupported("a writable host directory (read-only ones can be had)");
  const separate = separately(workload);
  const own = new Map(separate.map((one) => [one.at, one.mounts]));
  return jailOf(found, workload, cgroup, {
    mounts: [
      ...treeOf(workload.root),
      initMount(initPath),
      ...workload.mounts.flatMap((mount) => own.get(mount.at) ?? moved(mount)),
    ],
    config: ociConfig(workload, separate),
    writesHost: false,
  });
}

/** The root always has a layer in memory here: init needs a place in it. */
function treeOf({ source, overlay, readOnly }: Root): readonly Mount[] {
  if (source.kind === "empty") return [];
  const layers = source.kind === "layers" ? source.layers : [source.path];
  return [{ kind: "layers", at: ROOT, layers, owner: source.owner, overlay: overlay ?? SMALL, readOnly, exec: true }];
}

function initMount(initPath: string): Mount {
  return { kind: "bind", source: initPath, at: inRoot(INIT), readOnly: true, exec: true, owner: null };
}

/** Into the jail's copy of the root. The kernel's trees are the Sentry's, and show nothing of the host that would need a mask. */
function moved(mount: Mount): readonly Mount[] {
  switch (mount.kind) {
    case "proc":
    case "sys":
    case "dev":
    case "mask":
    case "device":
      return [];
    case "bind":
    case "tmpfs":
    case "layers":
    case "file":
    case "symlink":
      return [{ ...mount, at: inRoot(mount.at) }];
  }
}

function unsupported(what: string): BulkheadError {
  return new BulkheadError("UNSUPPORTED", { operation: "level gvisor", detail: what });
}
