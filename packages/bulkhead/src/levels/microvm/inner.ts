import { BulkheadError } from "../../errors/bulkhead-error.js";
import { inodesFor } from "../../plan/compile/inodes.js";
import type { Mount, Owner, Plan, Root } from "../../plan/schema.js";
import { isWithin } from "../../policy/paths.js";
import type { Tree } from "../runtime.js";

/** `docs/guest.md`: the maximum number of images in a guest, and their paths. */
export const MOST_IMAGES = 16;
const IMAGES = "/images";

type Bind = Extract<Mount, { readonly kind: "bind" }>;

/** Path and owner of a tree in the guest. */
interface Place {
  readonly path: string;
  readonly owner: Owner | null;
}

/**
 * The trees that a guest's images are built from: the root, and then each host directory, in the order of the plan's
 * mounts. Pure.
 */
export function treesOf({ root, mounts }: Plan): readonly Tree[] {
  if (root.source.kind === "empty") throw unsupported("root: host", "name an image, a directory or `base` as the root");
  requireApart(mounts.flatMap((mount) => (mount.kind === "bind" && !mount.readOnly ? [mount] : [])));
  const trees = [root.source, ...mounts.flatMap(treeOf)];
  if (trees.length > MOST_IMAGES) throw unsupported(`${trees.length - 1} mounts`, `name at most ${MOST_IMAGES - 1}`);
  return trees;
}

/**
 * The workload's plan as the guest executes it: each host path is replaced by the image that contains it. `inside`
 * gives the tree's path in each image; `diskBytes` is how much a writable directory may grow. Pure.
 * @throws BulkheadError MICROVM_UNSUPPORTED for a mount that no image can replace
 */
export function innerPlan(workload: Plan, inside: readonly string[], diskBytes: number): Plan {
  const trees = treesOf(workload);
  const places = trees.map(({ owner }, index) => ({
    path: `${IMAGES}/${index}${inside[index] ?? ""}`,
    owner: ownerInside(owner),
  }));
  const [root, ...rest] = places;
  const mounts = workload.mounts.map((mount): Mount => {
    if (mount.kind === "layers") return ofRoot(mount, root, workload);
    if (mount.kind !== "bind") return mount;
    const place = rest.shift();
    if (place === undefined) return mount;
    if (mount.readOnly) return { ...mount, source: place.path, owner: place.owner };
    return writableCopy(mount, place, diskBytes);
  });
  return {
    ...workload,
    // The guest's supervisor builds what a host's broker builds at this level.
    level: "container",
    root: rootInside(workload.root, root),
    mounts,
  };
}

/**
 * The workload's changes go to a layer in the guest's memory, from which the host fetches them at the end
 * (`sandbox/write-back`).
 */
function writableCopy({ at, exec }: Bind, place: Place, sizeBytes: number): Mount {
  const singleFile = place.path.lastIndexOf("/") > IMAGES.length;
  if (singleFile) throw unsupported(`a single writable file (${at})`, "mount the directory that it is in");
  const overlay = { sizeBytes, inodes: inodesFor(sizeBytes) };
  return { kind: "layers", at, layers: [place.path], owner: place.owner, overlay, readOnly: false, exec };
}

function rootInside(root: Root, place: Place | undefined): Root {
  return place === undefined ? root : { ...root, source: { kind: "directory", ...place } };
}

/** In an image, owners are ids inside already. Ids the sandbox does not map stay unmapped (overflow uid). */
function ownerInside(owner: Owner | null): Owner | null {
  return owner === null ? null : { range: 0 };
}

function treeOf(mount: Mount): readonly Tree[] {
  switch (mount.kind) {
    case "bind":
      return [{ kind: "directory", path: mount.source, owner: mount.owner }];
    default:
      return [];
  }
}

/** A writable directory of the root: the root's image contains it. */
function ofRoot(
  mount: Extract<Mount, { readonly kind: "layers" }>,
  root: Place | undefined,
  { root: { source } }: Plan,
): Mount {
  const isOfRoot =
    source.kind === "layers" &&
    mount.layers.every((path) => source.layers.some((layer) => path === `${layer}${mount.at}`));
  if (root === undefined || !isOfRoot) throw unsupported(`an image as a mount (${mount.at})`, "name it as the root");
  return { ...mount, layers: [`${root.path}${mount.at}`], owner: root.owner };
}

/** If two copies of one directory were both changed, one would have to win. */
function requireApart(writable: readonly Bind[]): void {
  for (const [index, { source, at }] of writable.entries()) {
    const others = writable.slice(index + 1);
    const other = others.find((one) => isWithin(one.source, source) || isWithin(source, one.source));
    if (other === undefined) continue;
    throw unsupported(`one directory writable twice (${at}, ${other.at})`, "mount it once");
  }
}

function unsupported(what: string, cure: string): BulkheadError {
  return new BulkheadError("MICROVM_UNSUPPORTED", { operation: "make a microVM", detail: `${what}: ${cure}` });
}
