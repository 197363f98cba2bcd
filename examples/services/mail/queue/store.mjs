// Messages in a directory. Whatever kills this process, and whenever: a message is there once, or its sender was not
// told that it is. `new` holds the messages, `done` the names of those delivered, `tmp` what was never complete.
import { createHash, randomBytes } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";

const MOST = 10_000;
/** A deliverer that was killed does not report. */
const LEASE_MS = 2_000;
/** Longer than clients try again. */
const REMEMBERED_MS = 7 * 24 * 60 * 60 * 1000;

export class Store {
  #directory;
  /** Until when a message is with the deliverer, by id, the oldest first. */
  #waiting = new Map();
  #done = new Set();
  /** Changes happen one after another. */
  #turn = Promise.resolve();

  constructor(directory) {
    this.#directory = directory;
  }

  static async open(directory) {
    const store = new Store(directory);
    await store.#recover();
    return store;
  }

  /** Resolves with the message's id when it is on disk, also if it was before; undefined if there is no room. */
  put({ from, to, received }, message) {
    // Not `received`: it has another time when a client that had no answer sends again.
    const id = createHash("sha256")
      .update(`${JSON.stringify({ from, to })}\n`)
      .update(message)
      .digest("hex");
    return this.#inTurn(async () => {
      if (this.#waiting.has(id) || this.#done.has(id)) return id;
      if (this.#waiting.size >= MOST) return undefined;
      const temporary = join(this.#directory, "tmp", randomBytes(12).toString("hex"));
      try {
        await this.#write(temporary, [Buffer.from(`${JSON.stringify({ from, to, received })}\n`), message]);
        await rename(temporary, join(this.#directory, "new", id));
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
      await this.#sync("new");
      this.#waiting.set(id, 0);
      return id;
    });
  }

  /** A message that is not being delivered; undefined if there is none. */
  async next() {
    const now = Date.now();
    for (const [id, until] of this.#waiting) {
      if (until > now) continue;
      this.#waiting.set(id, now + LEASE_MS);
      return { id, content: await readFile(join(this.#directory, "new", id)) };
    }
    return undefined;
  }

  /** Forgets a delivered message, but not that it was delivered. */
  done(id) {
    return this.#inTurn(async () => {
      if (!this.#waiting.has(id)) return;
      await (await open(join(this.#directory, "done", id), "w", 0o600)).close();
      await this.#sync("done");
      await rm(join(this.#directory, "new", id), { force: true });
      this.#waiting.delete(id);
      this.#done.add(id);
    });
  }

  async #write(path, pieces) {
    const file = await open(path, "wx", 0o600);
    try {
      await file.writeFile(Buffer.concat(pieces));
      await file.sync();
    } finally {
      await file.close();
    }
  }

  async #recover() {
    for (const name of ["tmp", "new", "done"])
      await mkdir(join(this.#directory, name), { recursive: true, mode: 0o700 });
    await this.#sync(".");
    for (const name of await readdir(join(this.#directory, "tmp"))) await rm(join(this.#directory, "tmp", name));
    for (const { name, at } of await this.#named("done")) {
      if (Date.now() - at < REMEMBERED_MS) this.#done.add(name);
      else await rm(join(this.#directory, "done", name));
    }
    for (const { name } of await this.#named("new")) {
      // Killed between the two steps of `done`.
      if (this.#done.has(name)) await rm(join(this.#directory, "new", name));
      else this.#waiting.set(name, 0);
    }
  }

  /** Names in one of the directories, the oldest first. */
  async #named(directory) {
    const names = await readdir(join(this.#directory, directory));
    const found = names.map(async (name) => ({
      name,
      at: (await stat(join(this.#directory, directory, name))).mtimeMs,
    }));
    return (await Promise.all(found)).sort((one, other) => one.at - other.at);
  }

  /** A name is on disk only when its directory is. */
  async #sync(directory) {
    const opened = await open(join(this.#directory, directory), "r");
    await opened.sync().finally(() => opened.close());
  }

  #inTurn(change) {
    const turn = this.#turn.then(change);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}
