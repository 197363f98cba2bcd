import { chmodSync, lstatSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { errnoOf } from "./errno.js";
import type { PackedPlatform } from "./manifest.js";
import { findPackage, readPacked } from "./package-files.js";
import { ownProgramsDirectory, programsDirectory, requireOwn } from "./place.js";
import { makeTree, type PackedTree } from "./tree.js";

/** In a platform's package. */
export const TREE_FILE = "base/tree.json";
export const BUSYBOX_FILE = "base/busybox";

/**
 * The directory with this build's programs and its root file system, unpacked at the first use by this user: `bin/` and
 * `base/`. Only root and this user can write to it, so a digest that held while unpacking holds. The owner of the
 * package's files could change them between check and use, so those are never executed.
 * @throws BulkheadError INSTALLATION_ALTERED, INSTALLATION_UNTRUSTED, SETUP_MISSING
 */
export function unpackedPrograms(platform: PackedPlatform, packageDirectory: string): string {
  try {
    const directory = join(ownProgramsDirectory(), platform.id);
    if (!isComplete(directory, platform)) {
      unpack(platform, findPackage(platform.package, packageDirectory), directory);
    }
    requireOwn(directory);
    return directory;
  } catch (cause) {
    if (cause instanceof BulkheadError) throw cause;
    throw new BulkheadError("SETUP_MISSING", {
      operation: "unpack programs",
      path: programsDirectory(),
      detail: "Bulkhead writes them there at the first use; BULKHEAD_PROGRAMS names another directory",
      cause,
      ...errnoOf(cause),
    });
  }
}

/** Whether every program is there in its full size: a copy that a full disk or a crash cut short is replaced. */
function isComplete(directory: string, { files }: PackedPlatform): boolean {
  return Object.entries(files).every(([path, { bytes }]) => {
    if (path === TREE_FILE) return true;
    const at = path === BUSYBOX_FILE ? "base/bin/busybox" : path;
    return lstatSync(join(directory, at), { throwIfNoEntry: false })?.size === bytes;
  });
}

function unpack(platform: PackedPlatform, from: string, directory: string): void {
  const work = mkdtempSync(`${directory}.`);
  try {
    chmodSync(work, 0o755);
    mkdirSync(join(work, "bin"));
    chmodSync(join(work, "bin"), 0o755);
    for (const [path, expected] of Object.entries(platform.files)) {
      if (!path.startsWith("bin/")) continue;
      const to = join(work, "bin", basename(path));
      writeFileSync(to, readPacked(join(from, path), expected), { flush: true });
      chmodSync(to, 0o755);
    }
    makeTree(join(work, "base"), readTree(platform, from), readFile(platform, from, BUSYBOX_FILE));
    putInPlace(work, directory, platform);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Another process may have been faster: its copy is as good. */
function putInPlace(work: string, directory: string, platform: PackedPlatform): void {
  try {
    renameSync(work, directory);
  } catch (cause) {
    if (isComplete(directory, platform)) return;
    if (lstatSync(directory, { throwIfNoEntry: false }) === undefined) throw cause;
    renameSync(directory, `${work}.old`);
    rmSync(`${work}.old`, { recursive: true, force: true });
    renameSync(work, directory);
  }
}

function readTree(platform: PackedPlatform, from: string): PackedTree {
  return JSON.parse(readFile(platform, from, TREE_FILE).toString("utf8")) as PackedTree;
}

function readFile({ files }: PackedPlatform, from: string, path: string): Buffer {
  const expected = files[path];
  if (expected === undefined) throw new BulkheadError("SETUP_MISSING", { operation: "read manifest", path });
  return readPacked(join(from, path), expected);
}
