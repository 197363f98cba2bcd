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
 * A directory of the host that is held open, and whose entries are used by their names alone: Node has no `openat`, and a path below
 * /proc/self/fd goes through the descriptor like one. So whatever is renamed or replaced by a link meanwhile, nothing outside is ever reached. Nothing in
 * it is followed, and nothing that is there already is ever opened for writing.
 *
 * Each step is awaited before it is closed: a number of a descriptor that is used again would mean another directory.
 */
export class OpenDirectory implements AsyncDisposable {
  readonly #handle: FileHandle;
  #stat: BigIntStats;

  private constructor(handle: FileHandle, stat: BigIntStats) {
    this.#handle = handle;
    this.#stat = stat;
  }

  /** As it was when it was opened, or given to somebody. */
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

  /** Of a link itself; undefined when nothing is there. */
  async look(name: string): Promise<BigIntStats | undefined> {
    return await lstat(this.#at(name), { bigint: true }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
  }

  /** A file that was not there, for nobody but the caller until its mode is set. */
  async create(name: string): Promise<FileHandle> {
    return await open(this.#at(name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  }

  /** A file to be read; whatever else has its name by now is refused, and not waited for. */
  async read(name: string): Promise<FileHandle> {
    const handle = await open(this.#at(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if ((await handle.stat()).isFile()) return handle;
    await handle.close();
    throw Object.assign(new Error("not a regular file"), { code: "EINVAL", errno: -22, syscall: "open" });
  }

  /** Opens a directory that was not there; where others may rename things, it may be one of theirs that they put in its place. */
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

  /** A file or link takes the place of another, a directory that of an empty one. */
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
