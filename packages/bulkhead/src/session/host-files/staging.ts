import type { FileHandle } from "node:fs/promises";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { isAbandoned, newToken } from "../../host/owner-token.js";
import { isOwnName, OWN_PREFIX } from "./names.js";
import type { OpenDirectory } from "./open-directory.js";
import { partsOf } from "./sparse.js";

/** Owner of new files on the host; null: the caller, as for all files the caller creates. */
export type HostOwner = { readonly uid: number; readonly gid: number } | null;

const PERMISSIONS = 0o777;
const WRITABLE_BY_OTHERS = 0o022n;
/** Times that every host file system can store: 1970 to 2106. */
const LATEST_MS = 2 ** 32 * 1000;

/**
 * A directory for new files, at the top of their target directory: so they are on the same file system, and a rename
 * puts each in place whole. No other user can write to it. The next process that writes there removes what a killed one
 * left.
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

  /**
   * Leaves the proof that the directory is ours (see {@link isOurs}) in the directory we created, if that is the one we
   * opened: another user could have reused its name.
   */
  async #claim(): Promise<void> {
    if (!isPrivate(this.directory) || (await this.directory.names()).length > 0) {
      const detail = "others may write to the directory that new files are put in first";
      throw new BulkheadError("WRITE_BACK_FAILED", { operation: "make directory", path: this.#name, detail });
    }
    await (await this.directory.create(this.#name)).close();
    this.#staged.add(this.#name);
  }

  /** Writes a file and returns its staged name. Uses only the permission bits of `mode`. */
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

  /**
   * Created here and not in its final place, where others could replace it with a directory of root's before it is
   * opened, and gain ownership of that.
   */
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

  /** The staged file is now in its final place. */
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
  // Succeeds only if the directory is empty.
  await top.rmdir(name);
}

/**
 * Whether a directory is one of our staging directories. Its name proves nothing: a user with write access could rename
 * another directory of the caller's to that name, and make the caller remove its content. But only the caller could
 * have created a file in it with the directory's name.
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
