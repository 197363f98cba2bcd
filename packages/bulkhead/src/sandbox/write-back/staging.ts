import type { FileHandle } from "node:fs/promises";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { isAbandoned, newToken } from "../../host/owner-token.js";
import { isOwnName, OWN_PREFIX } from "./names.js";
import type { OpenDirectory } from "./open-directory.js";
import { partsOf } from "./sparse.js";

/** Who files on the host are to belong to; null: to the caller, as everything that the caller makes. */
export type HostOwner = { readonly uid: number; readonly gid: number } | null;

const PERMISSIONS = 0o777;
const WRITABLE_BY_OTHERS = 0o022n;
/** Times that every file system of the host can hold: 1970 to 2106. */
const LATEST_MS = 2 ** 32 * 1000;

/**
 * A directory for new files, at the top of the one that they are for: so they are on the same file system, and each takes its place whole, by a rename. Nobody
 * else can put anything in it. What a killed process left is removed by the next one that writes there.
 */
export class Staging implements AsyncDisposable {
  readonly directory: OpenDirectory;
  readonly #top: OpenDirectory;
  readonly #name: string;
  readonly #owner: HostOwner;
  readonly #staged = new Set<string>();
  #count = 0;

  private constructor(top: OpenDirectory, name: string, directory: OpenDirectory, owner: HostOwner) {
    this.#top = top;
    this.#name = name;
    this.directory = directory;
    this.#owner = owner;
  }

  static async make(top: OpenDirectory, owner: HostOwner): Promise<Staging> {
    await removeLeftovers(top);
    const name = `${OWN_PREFIX}${newToken()}`;
    const staging = new Staging(top, name, await top.make(name), owner);
    try {
      await staging.#claim();
    } catch (error) {
      await staging[Symbol.asyncDispose]();
      throw error;
    }
    return staging;
  }

  /** Leaves the proof that it is ours (see {@link isOurs}) in what was made, if that is what was opened: its name could have been given to another. */
  async #claim(): Promise<void> {
    if (!isPrivate(this.directory) || (await this.directory.names()).length > 0) {
      const detail = "others may write to the directory that new files are put in first";
      throw new BulkheadError("WRITE_BACK_FAILED", { operation: "make directory", path: this.#name, detail });
    }
    await (await this.directory.create(this.#name)).close();
    this.#staged.add(this.#name);
  }

  /** Writes a file; returns its name here. `mode`: its permission bits are used, and no others. */
  async file(content: AsyncIterable<Buffer>, mode: number, mtimeMs: number): Promise<string> {
    const name = this.#next();
    const handle = await this.directory.create(name);
    try {
      let length = 0;
      for await (const chunk of content) {
        for (const { offset, bytes } of partsOf(chunk)) await writeAt(handle, bytes, length + offset);
        length += chunk.length;
      }
      await handle.truncate(length);
      if (this.#owner !== null) await handle.chown(this.#owner.uid, this.#owner.gid);
      await handle.chmod(mode & PERMISSIONS);
      const seconds = Math.min(Math.max(mtimeMs, 0), LATEST_MS) / 1000;
      await handle.utimes(seconds, seconds);
    } finally {
      await handle.close();
    }
    return name;
  }

  async link(target: string): Promise<string> {
    const name = this.#next();
    await this.directory.link(name, target);
    if (this.#owner !== null) await this.directory.chownLink(name, this.#owner);
    return name;
  }

  /** Where it is to be, others could put one of root's in its place before it is open, and have that given to them. */
  async makeDirectory(): Promise<{ readonly name: string; readonly directory: OpenDirectory }> {
    const name = this.#next();
    const directory = await this.directory.make(name);
    try {
      if (this.#owner !== null) await directory.chown(this.#owner);
    } catch (error) {
      await directory[Symbol.asyncDispose]();
      throw error;
    }
    return { name, directory };
  }

  /** It has its place now. */
  taken(name: string): void {
    this.#staged.delete(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of this.#staged) await remove(this.directory, name).catch(() => undefined);
    await this.directory[Symbol.asyncDispose]();
    await this.#top.rmdir(this.#name).catch(() => undefined);
  }

  #next(): string {
    const name = String(this.#count);
    this.#count += 1;
    this.#staged.add(name);
    return name;
  }
}

async function removeLeftovers(top: OpenDirectory): Promise<void> {
  for (const name of await top.names()) {
    if (!isOwnName(name) || !isAbandoned(name.slice(OWN_PREFIX.length))) continue;
    await removeLeftover(top, name).catch(() => undefined);
  }
}

async function removeLeftover(top: OpenDirectory, name: string): Promise<void> {
  {
    await using left = await top.enter(name);
    if (await isOurs(left, name)) {
      for (const file of await left.names()) if (/^\d+$/.test(file)) await remove(left, file);
      await left.unlink(name);
    }
  }
  // Only when it is empty.
  await top.rmdir(name);
}

/**
 * Whether a directory was made to put new files in. Its name proves nothing: who may write where it is can rename another directory of the caller's so, and
 * would have the caller remove what is in it. But nobody else could make a file in it that has its name.
 */
async function isOurs(directory: OpenDirectory, name: string): Promise<boolean> {
  return isPrivate(directory) && (await directory.look(name)) !== undefined;
}

function isPrivate({ stat }: OpenDirectory): boolean {
  return stat.uid === BigInt(process.geteuid?.() ?? 0) && (stat.mode & WRITABLE_BY_OTHERS) === 0n;
}

async function remove(directory: OpenDirectory, name: string): Promise<void> {
  if ((await directory.look(name))?.isDirectory() === true) await directory.rmdir(name);
  else await directory.unlink(name);
}

async function writeAt(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
