import type { BigIntStats } from "node:fs";
import type { OpenDirectory } from "../../session/host-files/open-directory.js";
import type { HostOwner, Staging } from "../../session/host-files/staging.js";
import type { Change } from "./changes.js";
import { type HostTree, markOf } from "./marks.js";
import type { Report } from "./report.js";

const PERMISSIONS = 0o777;
const STICKY = 0o1000n;

/** State for changing a host directory. */
export interface Work {
  readonly host: HostTree;
  readonly owner: HostOwner;
  readonly staging: Staging;
  /** Names in `staging`, by final path; a path that is missing stays unchanged. */
  readonly staged: ReadonlyMap<string, string>;
  readonly report: Report;
  /** Paths at or below which the host differs from the sandbox. */
  readonly failed: Set<string>;
}

/**
 * Applies the changes of the copy to a host directory, starting at its open top. Continues past a failure and reports
 * it.
 */
export async function apply(top: OpenDirectory, changes: ReadonlyMap<string, Change>, work: Work): Promise<void> {
  await inDirectory(top, "", changes, work);
}

async function inDirectory(
  directory: OpenDirectory,
  path: string,
  changes: ReadonlyMap<string, Change>,
  work: Work,
): Promise<void> {
  for (const [name, change] of changes) {
    const place = path === "" ? name : `${path}/${name}`;
    try {
      await at(directory, name, place, change, work);
    } catch (error) {
      const { errno } = error as NodeJS.ErrnoException;
      if (typeof errno !== "number") throw error;
      leave(work, place, "failed", -errno);
    }
  }
}

async function at(directory: OpenDirectory, name: string, path: string, change: Change, work: Work): Promise<void> {
  const { gone, put } = change;
  const found = await directory.look(name);
  if (gone !== undefined && found !== undefined && mayChange(directory, found, path, work)) {
    if (gone.type === "directory") await removeDirectory(directory, name, path, change, work);
    // A rename replaces a file; only a new directory needs an empty place.
    else if (put === undefined || put.type === "directory") await removeFile(directory, name, path, found, work);
  }
  if (put === undefined) {
    if (gone === undefined && change.below.size > 0) await enterAnd(directory, name, path, change, work);
    return;
  }
  if (put.type === "directory") await putDirectory(directory, name, path, change, work);
  else await putStaged(directory, name, path, work);
}

async function putStaged(directory: OpenDirectory, name: string, path: string, work: Work): Promise<void> {
  const { staging, staged, host, report } = work;
  const file = staged.get(path);
  if (file === undefined) return;
  const found = await directory.look(name);
  if (!mayChange(directory, found, path, work)) return;
  if (found?.isDirectory() === true) return leave(work, path, "in-the-way");
  await directory.moveIn(staging.directory, file, name);
  staging.taken(file);
  report.written += 1;
  const written = await directory.look(name);
  if (written !== undefined) host.marks.set(path, markOf(written));
}

async function putDirectory(
  directory: OpenDirectory,
  name: string,
  path: string,
  change: Change,
  work: Work,
): Promise<void> {
  const { staging, report } = work;
  const found = await directory.look(name);
  if (found !== undefined) return await enterAnd(directory, name, path, change, work);
  if (!mayChange(directory, found, path, work)) return;
  const made = await staging.makeDirectory();
  await using entered = made.directory;
  await directory.moveIn(staging.directory, made.name, name);
  staging.taken(made.name);
  report.made += 1;
  await fill(entered, path, change, work, true);
}

async function enterAnd(
  directory: OpenDirectory,
  name: string,
  path: string,
  change: Change,
  work: Work,
): Promise<void> {
  const found = await directory.look(name);
  // The host removed or replaced it, so changes below it have no place.
  if (found?.isDirectory() !== true) return leave(work, path, "in-the-way");
  await using entered = await directory.enter(name);
  await fill(entered, path, change, work, false);
}

/** Fills a directory, then sets its mode: one without write permission could not be filled any more. */
async function fill(
  entered: OpenDirectory,
  path: string,
  { put, below }: Change,
  work: Work,
  made: boolean,
): Promise<void> {
  await inDirectory(entered, path, below, work);
  if (put === undefined) return;
  if (!isOwners(entered, work.host)) return leave(work, path, "owner");
  // A set-group-id bit on a host directory has a meaning there, so keep it.
  const kept = made ? 0 : Number(entered.stat.mode & 0o7000n);
  await entered.chmod(kept | (put.mode & PERMISSIONS));
}

async function removeFile(
  directory: OpenDirectory,
  name: string,
  path: string,
  found: BigIntStats,
  work: Work,
): Promise<void> {
  const { host, report } = work;
  if (host.marks.get(path) !== markOf(found)) return report.leave(path, "changed-on-host");
  await directory.unlink(name);
  host.marks.delete(path);
  report.removed += 1;
}

/** Entries that the host added or changed stay, and so does their directory. */
async function removeDirectory(
  directory: OpenDirectory,
  name: string,
  path: string,
  { below }: Change,
  work: Work,
): Promise<void> {
  const found = await directory.look(name);
  if (found?.isDirectory() !== true) return work.report.leave(path, "changed-on-host");
  {
    await using entered = await directory.enter(name);
    await inDirectory(entered, path, below, work);
    if ((await entered.names()).length > 0) return work.report.leave(path, "changed-on-host");
  }
  await directory.rmdir(name);
  work.report.removed += 1;
}

/**
 * Whether the directory's owner could make the change. Root could change anything, but the workload never gets more
 * than that owner; for others the kernel enforces the same.
 */
function mayChange(
  directory: OpenDirectory,
  found: BigIntStats | undefined,
  path: string,
  work: Pick<Work, "host" | "report" | "failed">,
): boolean {
  const { host } = work;
  const sticky = (directory.stat.mode & STICKY) !== 0n && found !== undefined && found.uid !== host.uid;
  if (isOwners(directory, host) && !sticky) return true;
  leave(work, path, "owner");
  return false;
}

/** A mount inside a host directory is not part of the copy, whoever owns it. */
function isOwners({ stat }: OpenDirectory, { uid, dev }: HostTree): boolean {
  return stat.uid === uid && stat.dev === dev;
}

function leave(
  { report, failed }: Pick<Work, "report" | "failed">,
  path: string,
  why: Parameters<Report["leave"]>[1],
  errno?: number,
): void {
  report.leave(path, why, errno);
  failed.add(path);
}
