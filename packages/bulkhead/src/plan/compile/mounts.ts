import { isMountable, isWithin, SHARED_MEMORY } from "../../policy/paths.js";
import type { FileChoice, ResolvedPolicy } from "../../policy/resolved.js";
import type { HostFile, HostRoot, Inputs, PathKind } from "../input-types.js";
import type { Mount } from "../schema.js";
import { accountFiles } from "./accounts.js";
import { inodesFor } from "./inodes.js";
import { kernelViews } from "./kernel-views.js";
import { bundleCovers, ownFiles } from "./own-files.js";
import { type Lender, readableOwner, writableOwner } from "./owner.js";
import { volumeMounts, volumesFor } from "./volumes.js";

/** All mounts over the root, in order: parents before their children. */
export function mountsFor(policy: ResolvedPolicy, inputs: Inputs, lender: Lender, shifted: boolean): readonly Mount[] {
  const named = policy.files.flatMap((choice, index) =>
    choice.at === SHARED_MEMORY ? [] : [namedMount(choice, inputs.files[index] ?? null, policy, inputs, lender)],
  );
  const writable = [...temporary(policy, inputs), ...homeMount(policy, inputs)];
  const volumes = volumeMounts(policy, inputs, lender).filter(({ at }) => !writable.some((mount) => mount.at === at));
  const taken = new Set([...named, ...volumes].map(({ at }) => at));
  const files = [...ownFiles(inputs, policy), ...accountFiles(inputs, shifted), ...bundleCovers(inputs, policy)];
  const own = [...rootMounts(inputs), ...files].filter(({ at }) => !taken.has(at));
  const isBelow = ({ at }: Mount) => [...writable, ...named].some((mount) => isWithin(at, mount.at));
  const byDepth = (one: Mount, other: Mount) => depth(one.at) - depth(other.at);
  // A volume may be the parent of our own files: /etc.
  const around = volumes.filter((mount) => !isBelow(mount)).sort(byDepth);
  const places = [...writable, ...named, ...volumes.filter(isBelow)].sort(byDepth);
  return [...around, ...own, ...kernelViews(sharedMemoryBytes(policy), true), ...places];
}

/** /dev has its own; the policy determines its size. */
function sharedMemoryBytes({ files, resources }: ResolvedPolicy): number {
  const named = files.find((choice) => choice.kind === "tmpfs" && choice.at === SHARED_MEMORY);
  return (named?.kind === "tmpfs" ? named.sizeBytes : null) ?? resources.diskBytes;
}

function rootMounts({ root }: Inputs): readonly Mount[] {
  if (root.kind !== "host") return [];
  return [
    ...root.binds.map(
      ({ source, at }): Mount => ({ kind: "bind", source, at, readOnly: true, exec: true, owner: null }),
    ),
    ...root.symlinks.map(({ at, target }): Mount => ({ kind: "symlink", at, target })),
  ];
}

/** Owned by the workload's user: without root no other id exists inside. */
function temporary({ files, resources }: ResolvedPolicy, { user }: Inputs): readonly Mount[] {
  if (files.some(({ at }) => at === "/tmp")) return [];
  return [tmpfs("/tmp", resources.diskBytes, 0o1777, user, true)];
}

/**
 * The workload's own directory is writable, unless it is the root's own: a non-empty directory there (an image's
 * program) stays visible, and one that the policy mounts is as the policy says. Below an in-memory file system nothing
 * exists yet, so it is created.
 */
function homeMount(policy: ResolvedPolicy, inputs: Inputs): readonly Mount[] {
  const { root, user, home } = inputs;
  const own: FileChoice = { kind: "tmpfs", at: "/tmp", sizeBytes: null, exec: true };
  const volumes = volumesFor(policy, inputs).map(
    ({ at, layers }) => ({ kind: layers === null ? "tmpfs" : "layers", at, sizeBytes: null }) as const,
  );
  const covers: readonly Cover[] = [own, ...policy.files, ...volumes];
  const nearest = covers
    .filter(({ at }) => isWithin(home, at))
    .reduce<Cover | undefined>(
      (found, one) => (found === undefined || isWithin(one.at, found.at) ? one : found),
      undefined,
    );
  if (!isMountable(home) || nearest?.at === home || nearest?.kind === "host") return [];
  const sizeBytes = nearest?.sizeBytes ?? policy.resources.diskBytes;
  if (nearest?.kind === "tmpfs") return [tmpfs(home, sizeBytes, 0o755, user, true)];
  const foundHere = root.kind === "host" ? isOfHost(home, root) : !MADE_WRITABLE.has(root.kindAt[home] ?? "missing");
  return foundHere ? [] : [tmpfs(home, sizeBytes, 0o755, user, true)];
}

/** Mounts that may contain a directory, or be it. */
type Cover = FileChoice | { readonly kind: "tmpfs" | "layers"; readonly at: string; readonly sizeBytes: null };

const MADE_WRITABLE: ReadonlySet<PathKind> = new Set(["missing", "directory"]);

function isOfHost(path: string, { binds, symlinks }: HostRoot): boolean {
  return [...binds, ...symlinks].some(({ at }) => isWithin(path, at));
}

function namedMount(
  choice: FileChoice,
  source: HostFile | null,
  policy: ResolvedPolicy,
  inputs: Inputs,
  lender: Lender,
): Mount {
  if (choice.kind === "tmpfs" || source === null) {
    const size = choice.kind === "tmpfs" ? choice.sizeBytes : null;
    return tmpfs(choice.at, size ?? policy.resources.diskBytes, 0o755, inputs.user, choice.exec);
  }
  const owner = (choice.writable ? writableOwner : readableOwner)(source, inputs.user, lender);
  return { kind: "bind", source: source.path, at: choice.at, readOnly: !choice.writable, exec: choice.exec, owner };
}

function tmpfs(
  at: string,
  sizeBytes: number,
  mode: number,
  owner: { readonly uid: number; readonly gid: number },
  exec: boolean,
): Mount {
  return { kind: "tmpfs", at, sizeBytes, inodes: inodesFor(sizeBytes), mode, uid: owner.uid, gid: owner.gid, exec };
}

function depth(path: string): number {
  return path.split("/").length;
}
