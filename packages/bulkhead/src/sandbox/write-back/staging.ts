import { isAbandoned, newToken } from "../../images/store/owner-token.js";
import { isOwnName, OWN_PREFIX } from "./names.js";
import type { OpenDirectory } from "./open-directory.js";

/** Who files on the host are to belong to; null: to the caller, as everything that the caller makes. */
export type HostOwner = { readonly uid: number; readonly gid: number } | null;

const PERMISSIONS = 0o777;
/** Times that every file system of the host can hold: 1970 to 2106. */
const LATEST_MS = 2 ** 32 * 1000;

/**
 * A directory for new files, at the top of the one that they are for: so they are on the same file system, and each takes its place whole, by a rename. What
 * a killed process left is removed by the next one that writes there.
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
    await top.mkdir(name);
    return new Staging(top, name, await top.enter(name), owner);
  }

  /** Writes a file; returns its name here. `mode`: its permission bits are used, and no others. */
  async file(content: AsyncIterable<Buffer>, mode: number, mtimeMs: number): Promise<string> {
    const name = this.#next();
    const handle = await this.directory.create(name);
    try {
      for await (const chunk of content) await handle.writeFile(chunk);
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

  /** It has its place now. */
  taken(name: string): void {
    this.#staged.delete(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of this.#staged) await this.directory.unlink(name).catch(() => undefined);
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

/** Only plain files that have names of ours, in directories of ours: who else can write there may have put anything. */
async function removeLeftovers(top: OpenDirectory): Promise<void> {
  for (const name of await top.names()) {
    if (!isOwnName(name) || !isAbandoned(name.slice(OWN_PREFIX.length))) continue;
    await removeLeftover(top, name).catch(() => undefined);
  }
}

async function removeLeftover(top: OpenDirectory, name: string): Promise<void> {
  {
    await using left = await top.enter(name);
    for (const file of await left.names()) if (/^\d+$/.test(file)) await left.unlink(file);
  }
  await top.rmdir(name);
}
