import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Mount, Owner, Plan, Root } from "../../plan/schema.js";
import type { Tree } from "../runtime.js";

/** `docs/guest.md`: how many images a guest can have. */
export const MOST_IMAGES = 16;

/** What the images of a guest are to be made of: the root, and then each host directory, in the order of the plan's mounts. Pure. */
export function treesOf({ root, mounts }: Plan): readonly Tree[] {
  if (root.source.kind === "empty") throw unsupported("root: host", "name an image, a directory or `base` as the root");
  const trees = [root.source, ...mounts.flatMap(treeOf)];
  if (trees.length > MOST_IMAGES) throw unsupported(`${trees.length - 1} mounts`, `name at most ${MOST_IMAGES - 1}`);
  return trees;
}

/**
 * The workload's plan as the guest executes it: each host path replaced by the image that holds it. `inside` tells for each image where in it
 * that is. Pure.
 * @throws BulkheadError MICROVM_UNSUPPORTED for what no image can stand for
 */
export function innerPlan(workload: Plan, inside: readonly string[]): Plan {
  const trees = treesOf(workload);
  const places = trees.map(({ owner }, index) => ({
    path: `/images/${index}${inside[index] ?? ""}`,
    owner: ownerInside(owner),
  }));
  const [root, ...rest] = places;
  const mounts = workload.mounts.map((mount): Mount => {
    if (mount.kind !== "bind") return mount;
    const place = rest.shift();
    return place === undefined ? mount : { ...mount, source: place.path, owner: place.owner };
  });
  return {
    ...workload,
    // The guest's supervisor makes what a host's broker makes at this level.
    level: "container",
    root: rootInside(workload.root, root),
    mounts,
  };
}

function rootInside(root: Root, place: { readonly path: string; readonly owner: Owner | null } | undefined): Root {
  return place === undefined ? root : { ...root, source: { kind: "directory", ...place } };
}

/** In an image, owners are ids inside already. Those that nobody inside is to be stay nobody's. */
function ownerInside(owner: Owner | null): Owner | null {
  return owner === null ? null : { range: 0 };
}

function treeOf(mount: Mount): readonly Tree[] {
  switch (mount.kind) {
    case "bind":
      if (mount.readOnly) return [{ kind: "directory", path: mount.source, owner: mount.owner }];
      throw unsupported(
        `a writable host directory (${mount.at})`,
        "mount it read-only, or copy results out with `sandbox.files`",
      );
    case "layers":
      throw unsupported(`an image as a mount (${mount.at})`, "name it as the root");
    default:
      return [];
  }
}

function unsupported(what: string, cure: string): BulkheadError {
  return new BulkheadError("MICROVM_UNSUPPORTED", { operation: "make a microVM", detail: `${what}: ${cure}` });
}
