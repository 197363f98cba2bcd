import type { BigIntStats } from "node:fs";
import {
  constants,
  type FileHandle,
  lchown,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  rmdir,
  symlink,
  unlink,
} from "node:fs/promises";
import { isPlainName } from "./names.js";

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NONBLOCK } = constants;

/**
 * An open host directory whose entries are used only by name. Node has no `openat`; a path below /proc/self/fd goes
 * through the descriptor and has the same effect. So nothing outside is ever reached, whatever is renamed or replaced
 * by a link in the meantime. It follows nothing, and never opens an existing file for writing.
 *
 * Await each step before closing the directory: a reused descriptor number would mean another directory.
 */
export class OpenDirectory implements AsyncDisposable {
  readonly #handle: FileHandle;
  #stat: BigIntStats;

  private constructor(handle: FileHandle, stat: BigIntStats) {
    this.#handle = handle;
    this.#stat = stat;
  }

  /** Metadata from when it was opened, or last given an owner. */
  get stat(): BigIntStats {
    return this.#stat;
  }

  static async open(path: string): Promise<OpenDirectory> {
    const handle = await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    try {
      return new OpenDirectory(handle, await handle.stat({ bigint: true }));
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async enter(name: string): Promise<OpenDirectory> {
    return await OpenDirectory.open(this.#at(name));
  }

  async names(): Promise<readonly string[]> {
    return await readdir(this.#path());
  }

  /** A link's own metadata; undefined if nothing has this name. */
  async look(name: string): Promise<BigIntStats | undefined> {
    return await lstat(this.#at(name), { bigint: true }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
  }

  /** Creates a new file that only the caller can access until its mode is set. */
  async create(name: string): Promise<FileHandle> {
    return await open(this.#at(name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  }

  /** Opens a file for reading; refuses anything else with that name, without blocking. */
  async read(name: string): Promise<FileHandle> {
    const handle = await open(this.#at(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if ((await handle.stat()).isFile()) return handle;
    await handle.close();
    throw Object.assign(new Error("not a regular file"), { code: "EINVAL", errno: -22, syscall: "open" });
  }

  /** Creates and opens a directory; where others may rename entries, they may have put another one in its place. */
  async make(name: string): Promise<OpenDirectory> {
    await mkdir(this.#at(name), { mode: 0o700 });
    return await this.enter(name);
  }

  async link(name: string, target: string): Promise<void> {
    await symlink(target, this.#at(name));
  }

  async chownLink(name: string, { uid, gid }: { readonly uid: number; readonly gid: number }): Promise<void> {
    await lchown(this.#at(name), uid, gid);
  }

  async unlink(name: string): Promise<void> {
    await unlink(this.#at(name));
  }

  async rmdir(name: string): Promise<void> {
    await rmdir(this.#at(name));
  }

  /** Moves an entry in: a file or link replaces another, a directory an empty one. */
  async moveIn(from: OpenDirectory, name: string, to: string): Promise<void> {
    await rename(from.#at(name), this.#at(to));
  }

  async chmod(mode: number): Promise<void> {
    await this.#handle.chmod(mode);
  }

  async chown({ uid, gid }: { readonly uid: number; readonly gid: number }): Promise<void> {
    await this.#handle.chown(uid, gid);
    this.#stat = await this.#handle.stat({ bigint: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }

  #path(): string {
    if (this.#handle.fd < 0) throw new RangeError("a directory that is closed");
    return `/proc/self/fd/${this.#handle.fd}`;
  }

  #at(name: string): string {
    if (!isPlainName(name)) throw new RangeError("a name that is none");
    return `${this.#path()}/${name}`;
  }
}
