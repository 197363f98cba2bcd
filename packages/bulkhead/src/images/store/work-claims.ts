import { open, readdir, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { isAbandoned, newToken } from "../../host/owner-token.js";
import { defined } from "../../values/defined.js";

/** Work that its owner released in order; anyone may continue it. */
const FREE = "free";
const POLL_MS = 50;

/** The right to do work that only one process needs to do. */
export interface Claim {
  /** The file that represents it. Empty, or with the data of an earlier owner. */
  readonly path: string;
  /** Releases it; the file's data is there for the next owner. */
  release(): Promise<void>;
  /** Releases it and removes the file. */
  end(): Promise<void>;
}

/**
 * Coordinates work among processes that share a directory: `WHAT.TOKEN` exists as long as the process in the token does
 * the work, and the work of a dead process is taken over by a rename, which only one can win. No lock outlives its
 * owner.
 *
 * Two that start at the same moment may both claim the work, so the work must be safe to do twice.
 */
export class WorkClaims {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Waits for a claim; undefined as soon as `isDone`, because another process did the work. Throws ABORTED. */
  async take(what: string, isDone: () => Promise<boolean>, signal?: AbortSignal): Promise<Claim | undefined> {
    for (;;) {
      if (await isDone()) return undefined;
      const claim = await this.#try(what);
      if (claim !== undefined) {
        // The work may have been done, and its claim ended, between the two checks.
        if (!(await isDone())) return claim;
        await claim.end();
        return undefined;
      }
      await sleep(POLL_MS, undefined, defined({ signal })).catch((cause: unknown) => {
        throw new BulkheadError("ABORTED", { operation: "wait for another process", cause });
      });
    }
  }

  /** Files that no process works on. */
  async leftOver(): Promise<readonly string[]> {
    const names = await readdir(this.#directory);
    return names.filter((name) => !isLive(name)).map((name) => join(this.#directory, name));
  }

  async #try(what: string): Promise<Claim | undefined> {
    const names = await this.#names(what);
    if (names.some(isLive)) return undefined;
    const mine = `${what}.${newToken()}`;
    const [left] = names;
    if (!(left === undefined ? await this.#create(mine) : await this.#takeOver(left, mine))) return undefined;
    const claim = this.#claim(what, mine);
    // Another process found nothing at the same moment: of those that see each other, the first by name continues.
    const rivals = (await this.#names(what)).filter((name) => name !== mine && isLive(name));
    if (!rivals.some((name) => name < mine)) return claim;
    await (left === undefined ? claim.end() : claim.release());
    return undefined;
  }

  async #names(what: string): Promise<readonly string[]> {
    return (await readdir(this.#directory)).filter((name) => name.startsWith(`${what}.`));
  }

  async #create(name: string): Promise<true> {
    await (await open(join(this.#directory, name), "wx", 0o600)).close();
    return true;
  }

  async #takeOver(from: string, to: string): Promise<boolean> {
    try {
      await rename(join(this.#directory, from), join(this.#directory, to));
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  #claim(what: string, mine: string): Claim {
    const path = join(this.#directory, mine);
    return {
      path,
      release: () => rename(path, join(this.#directory, `${what}.${FREE}`)),
      end: () => unlink(path).catch(ignoreMissing),
    };
  }
}

/** Whether the owner at the end of a name still lives. Leaves names alone that Bulkhead did not create. */
function isLive(name: string): boolean {
  const owner = name.slice(name.lastIndexOf(".") + 1);
  return owner !== FREE && !isAbandoned(owner);
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

export function ignoreMissing(error: unknown): void {
  if (!isMissing(error)) throw error;
}
