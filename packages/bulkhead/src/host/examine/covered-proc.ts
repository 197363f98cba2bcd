import { readFileSync } from "node:fs";

/** Directories of /proc that exist to be mounted on: the kernel does not count a mount there as hiding anything. */
const MOUNT_POINTS: ReadonlySet<string> = new Set(["sys/fs/binfmt_misc", "fs/nfsd", "xen", "openprom"]);

interface Mount {
  readonly root: string;
  readonly at: string;
  readonly type: string;
}

/**
 * The mounts that hide a part of every proc file system in a mount namespace; empty if one can be seen whole. The
 * kernel then refuses a new proc file system in a user namespace (`mnt_already_visible` in fs/namespace.c), and no
 * sandbox can have a /proc of its own. Docker, Podman and Kubernetes cover /proc this way in containers that are not
 * privileged.
 * @param mountinfo text of `/proc/self/mountinfo`
 */
export function coveringMounts(mountinfo: string): readonly string[] {
  const mounts = mountinfo.split("\n").flatMap(mountOf);
  const views = mounts
    .filter(({ type, root }) => type === "proc" && root === "/")
    .map(({ at }) => mounts.map((each) => each.at).filter((path) => hides(path, at)));
  return views.some((covering) => covering.length === 0) ? [] : (views[0] ?? []);
}

function hides(path: string, proc: string): boolean {
  return path.startsWith(`${proc}/`) && !MOUNT_POINTS.has(path.slice(proc.length + 1));
}

function mountOf(line: string): readonly Mount[] {
  const [own = "", source = ""] = line.split(" - ");
  const [, , , root, at] = own.split(" ");
  const [type] = source.split(" ");
  return root === undefined || at === undefined || type === undefined ? [] : [{ root, at, type }];
}

let known: readonly string[] | undefined;

/** {@link coveringMounts} of this process; what cannot be read counts as not covered. */
export function coveredProc(): readonly string[] {
  known ??= coveringMounts(ownMounts());
  return known;
}

function ownMounts(): string {
  try {
    return readFileSync("/proc/self/mountinfo", "utf8");
  } catch {
    return "";
  }
}
