import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Mount, Plan } from "../../plan/schema.js";

type Directory = Extract<Plan["root"]["source"], { kind: "directory" }>;

/** A tree of the host that the guest gets as an image. */
export type Tree = Directory;

/** The workload's plan as the guest executes it, and what its images are to be made of, in order. */
export interface InnerPlan {
  readonly plan: Plan;
  readonly trees: readonly Tree[];
}

/** `docs/guest.md`: how many images a guest can have. */
const MOST_IMAGES = 16;

/**
 * Replaces every host path of a workload's plan by the image that will hold it. Pure.
 * @throws BulkheadError MICROVM_UNSUPPORTED for what no image can stand for
 */
export function innerPlan(workload: Plan): InnerPlan {
  const { source } = workload.root;
  if (source.kind !== "directory") {
    throw unsupported("root: host", "name an image, a directory or `base` as the root");
  }
  const trees: Tree[] = [source];
  const imageOf = (tree: Tree): string => {
    trees.push(tree);
    return `/images/${trees.length - 1}`;
  };
  const mounts = workload.mounts.map((mount): Mount => {
    if (mount.kind !== "bind") return mount;
    if (!mount.readOnly) {
      throw unsupported(
        `a writable host directory (${mount.at})`,
        "mount it read-only, or copy results out with `sandbox.files`",
      );
    }
    const path = imageOf({ kind: "directory", path: mount.source, owner: mount.owner });
    return { ...mount, source: path, owner: null };
  });
  if (trees.length > MOST_IMAGES)
    throw unsupported(`${trees.length} host directories`, `name at most ${MOST_IMAGES - 1}`);
  return {
    trees,
    plan: {
      ...workload,
      // The guest's supervisor makes what a host's broker makes at this level.
      level: "container",
      root: { ...workload.root, source: { kind: "directory", path: "/images/0", owner: null } },
      mounts,
    },
  };
}

function unsupported(what: string, cure: string): BulkheadError {
  return new BulkheadError("MICROVM_UNSUPPORTED", { operation: "make a microVM", detail: `${what}: ${cure}` });
}
