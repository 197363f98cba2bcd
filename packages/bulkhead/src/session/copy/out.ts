import { mkdir, realpath, rmdir } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { below, type TreeEntry, walk } from "../files/walk.js";
import { isOwnName, isPlainName } from "../host-files/names.js";
import { OpenDirectory } from "../host-files/open-directory.js";
import { Staging } from "../host-files/staging.js";
import type { SourceFiles } from "./inside.js";
import { type Copied, type CopyBounds, Count, eachOf, hostFailure } from "./result.js";

const OPERATION = "files.copyOut";
const PERMISSIONS = 0o777;
const GONE: ReadonlySet<string> = new Set(["FILE_NOT_FOUND", "FILE_NOT_DIRECTORY"]);
const OTHER_KINDS: ReadonlySet<string> = new Set(["FILE_NOT_REGULAR", "FILE_IS_DIRECTORY"]);

/**
 * Copies a sandbox's file or directory to the host. Everything about it is hostile: each name is looked up only in an
 * open directory, links are neither followed nor created, set-id bits are dropped, and nothing takes its final place
 * until everything has arrived.
 */
export async function copyOut(files: SourceFiles, from: string, to: string, bounds: CopyBounds): Promise<Copied> {
  const target = resolve(to);
  const { type, mode, mtimeMs } = await files.stat(from, { follow: false });
  const count = new Count(OPERATION, from, bounds.maxBytes);
  try {
    if (type === "directory") await tree(files, from, target, mode, bounds, count);
    else if (type === "file") await single(files, { path: from, mode, mtimeMs }, target, count);
    else throw new BulkheadError("FILE_NOT_REGULAR", { operation: OPERATION, path: from, detail: type });
  } catch (error) {
    throw hostFailure(OPERATION, target, error);
  }
  return count.result();
}

interface One {
  readonly path: string;
  readonly mode: number;
  readonly mtimeMs: number;
}

async function single(files: SourceFiles, { path, mode, mtimeMs }: One, target: string, count: Count): Promise<void> {
  await using top = await OpenDirectory.open(await realpath(dirname(target)));
  await using staging = await Staging.make(top, null);
  const staged = await staging.file(count.counted(files.readStream(path)), mode, mtimeMs);
  await place(top, staging, staged, basename(target), target);
  count.files += 1;
}

async function tree(
  files: SourceFiles,
  from: string,
  target: string,
  mode: number,
  bounds: CopyBounds,
  count: Count,
): Promise<void> {
  const isNew = await mkdir(target, { mode: 0o700 }).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "EEXIST") return false;
      throw error;
    },
  );
  try {
    await using top = await OpenDirectory.open(target);
    await using staging = await Staging.make(top, null);
    const root = await fetched(files, from, staging, bounds, count);
    await put(top, root, staging, target, count);
    if (isNew) await top.chmod(mode & PERMISSIONS);
  } catch (error) {
    // Succeeds only if the directory is empty.
    if (isNew) await rmdir(target).catch(() => undefined);
    throw error;
  }
  if (isNew) count.directories += 1;
}

/** Contents of one directory on the host. */
interface Node {
  readonly mode: number;
  readonly below: Map<string, Node>;
  /** Names in the staging directory, by final name. */
  readonly staged: Map<string, string>;
}

/** Fetches everything into the staging directory. */
async function fetched(
  files: SourceFiles,
  from: string,
  staging: Staging,
  { maxEntries }: CopyBounds,
  count: Count,
): Promise<Node> {
  const root: Node = { mode: 0, below: new Map(), staged: new Map() };
  const nodes = new Map<string, Node>([["", root]]);
  const wanted: { readonly entry: TreeEntry; readonly parent: Node }[] = [];
  const found = walk((path) => files.entries(path), from, { bounds: { entries: maxEntries, depth: 64 } });
  for await (const entry of found) {
    const parent = nodes.get(entry.path.slice(0, Math.max(0, entry.path.length - entry.name.length - 1)));
    if (entry.nameBytes !== undefined || !isPlainName(entry.name) || (parent === root && isOwnName(entry.name))) {
      count.leave(entry.path, "name");
    } else if (entry.type === "directory" && parent !== undefined) {
      const node: Node = { mode: entry.mode, below: new Map(), staged: new Map() };
      parent.below.set(entry.name, node);
      nodes.set(entry.path, node);
    } else if (entry.type === "file" && parent !== undefined) wanted.push({ entry, parent });
    else count.leave(entry.path, entry.type === "symlink" ? "link" : "kind");
  }
  await eachOf(wanted, async ({ entry, parent }) => {
    const content = count.counted(files.readStream(below(from, entry.path)));
    try {
      parent.staged.set(entry.name, await staging.file(content, entry.mode, entry.mtimeMs));
      count.files += 1;
    } catch (error) {
      const code = error instanceof BulkheadError ? error.code : "";
      // A program inside removed or replaced it after it was listed.
      if (OTHER_KINDS.has(code)) count.leave(entry.path, "kind");
      else if (!GONE.has(code)) throw error;
    }
  });
  return root;
}

async function put(directory: OpenDirectory, node: Node, staging: Staging, path: string, count: Count): Promise<void> {
  for (const [name, staged] of node.staged) await place(directory, staging, staged, name, `${path}/${name}`);
  for (const [name, child] of node.below) {
    const there = await directory.look(name);
    if (there !== undefined && !there.isDirectory()) throw inTheWay(`${path}/${name}`);
    await using entered = there === undefined ? await directory.make(name) : await directory.enter(name);
    await put(entered, child, staging, `${path}/${name}`, count);
    if (there !== undefined) continue;
    count.directories += 1;
    // Last: a directory without write permission could not be filled any more.
    await entered.chmod(child.mode & PERMISSIONS);
  }
}

/** Moves a complete file into its place. It may replace another file or link, never a directory. */
async function place(
  directory: OpenDirectory,
  staging: Staging,
  staged: string,
  name: string,
  path: string,
): Promise<void> {
  if ((await directory.look(name))?.isDirectory() === true) throw inTheWay(path);
  await directory.moveIn(staging.directory, staged, name);
  staging.taken(staged);
}

function inTheWay(path: string): BulkheadError {
  return new BulkheadError("COPY_FAILED", { operation: OPERATION, path, detail: "something of another kind is there" });
}
