import { randomBytes } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { realpath } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { below } from "../files/walk.js";
import { isLossy, isPlainName } from "../host-files/names.js";
import { OpenDirectory } from "../host-files/open-directory.js";
import type { TargetFiles } from "./inside.js";
import { type Copied, type CopyBounds, Count, eachOf, hostFailure } from "./result.js";

const OPERATION = "files.copyIn";
const PERMISSIONS = 0o777;
/** The mode while we fill the directory: its creator must keep write access. */
const OWN = 0o700;
const DEPTH = 64;

/**
 * Copies a host file or directory into a sandbox, with the permissions of the sandbox's user. It follows no links: it
 * enters each directory from the open parent, so it reads nothing outside the named path, whatever another process
 * replaces in the meantime.
 */
export async function copyIn(files: TargetFiles, from: string, to: string, bounds: CopyBounds): Promise<Copied> {
  const source = resolve(from);
  const count = new Count(OPERATION, source, bounds.maxBytes);
  const copy = new CopyIn(files, source, bounds, count);
  try {
    // The caller's path may contain links on the way; the final component itself is not followed.
    await using top = await OpenDirectory.open(await realpath(dirname(source)));
    const name = basename(source);
    if (name === "") await copy.tree(top, to);
    else await copy.named(top, name, to);
  } catch (error) {
    throw hostFailure(OPERATION, source, error);
  }
  return count.result();
}

class CopyIn {
  readonly #files: TargetFiles;
  readonly #source: string;
  readonly #bounds: CopyBounds;
  readonly #count: Count;
  #entries = 0;

  constructor(files: TargetFiles, source: string, bounds: CopyBounds, count: Count) {
    this.#files = files;
    this.#source = source;
    this.#bounds = bounds;
    this.#count = count;
  }

  async named(top: OpenDirectory, name: string, to: string): Promise<void> {
    const stat = await top.look(name);
    if (stat?.isDirectory() === true) {
      await using directory = await top.enter(name);
      await this.tree(directory, to);
    } else if (stat?.isFile() === true) await this.#file(top, name, to, stat);
    else {
      const what = stat?.isSymbolicLink() === true ? "a symbolic link: name what it leads to" : "no file or directory";
      throw new BulkheadError("COPY_FAILED", { operation: OPERATION, path: this.#source, detail: what });
    }
  }

  async tree(top: OpenDirectory, to: string): Promise<void> {
    await this.#files.mkdir(to, { recursive: true });
    await this.#fill(top, to, "", 1);
  }

  /** `path` is relative to the directory being copied. */
  async #fill(directory: OpenDirectory, to: string, path: string, depth: number): Promise<void> {
    const files: { readonly name: string; readonly stat: BigIntStats }[] = [];
    const directories: { readonly name: string; readonly stat: BigIntStats }[] = [];
    for (const name of await directory.names()) {
      this.#entries += 1;
      if (this.#entries > this.#bounds.maxEntries) throw this.#tooMuch(`more than ${this.#bounds.maxEntries} files`);
      const own = path === "" ? name : `${path}/${name}`;
      const stat = isPlainName(name) && !isLossy(name) ? await directory.look(name) : null;
      if (stat === null) this.#count.leave(own, "name");
      else if (stat?.isDirectory() === true) directories.push({ name, stat });
      else if (stat?.isFile() === true) files.push({ name, stat });
      else if (stat !== undefined) this.#count.leave(own, stat.isSymbolicLink() ? "link" : "kind");
    }
    await eachOf(files, async ({ name, stat }) => await this.#file(directory, name, below(to, name), stat));
    if (directories.length > 0 && depth >= DEPTH) throw this.#tooMuch(`directories deeper than ${DEPTH}`);
    for (const { name, stat } of directories) {
      await using entered = await directory.enter(name);
      await this.#make(below(to, name), (Number(stat.mode) & PERMISSIONS) | OWN);
      await this.#fill(entered, below(to, name), path === "" ? name : `${path}/${name}`, depth + 1);
    }
  }

  /** An existing directory stays as it is. */
  async #make(path: string, mode: number): Promise<void> {
    try {
      await this.#files.mkdir(path, { mode });
      this.#count.directories += 1;
    } catch (error) {
      if (!(error instanceof BulkheadError) || error.code !== "FILE_EXISTS") throw error;
      const { type } = await this.#files.stat(path, { follow: false });
      if (type !== "directory") throw error;
    }
  }

  /**
   * Writes to a temporary name first, so a half-written file never has its final name. The rename replaces a link there
   * instead of following it.
   */
  async #file(directory: OpenDirectory, name: string, to: string, { mode }: BigIntStats): Promise<void> {
    const made = `${to.slice(0, to.lastIndexOf("/"))}/.bulkhead-copy-${randomBytes(8).toString("hex")}`;
    const file = await directory.read(name);
    try {
      const into = this.#files.writeStream(made, { exclusive: true, mode: Number(mode) & PERMISSIONS });
      await pipeline(this.#count.counted(file.createReadStream({ autoClose: false })), into);
      await this.#files.rename(made, to);
    } catch (error) {
      await this.#files.remove(made).catch(() => undefined);
      throw error;
    } finally {
      await file.close();
    }
    this.#count.files += 1;
  }

  #tooMuch(detail: string): BulkheadError {
    return new BulkheadError("FILE_TOO_LARGE", { operation: OPERATION, path: this.#source, detail });
  }
}
