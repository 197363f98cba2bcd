import { BulkheadError } from "../../errors/bulkhead-error.js";

/** What became of the writable host directories of a sandbox that had copies of them; empty where the workload writes to the host's own. */
export interface WrittenBack {
  readonly directories: readonly WrittenDirectory[];
}

/** One directory of the host. */
export interface WrittenDirectory {
  /** Where it is inside. */
  readonly at: string;
  readonly host: string;
  /** Files and symbolic links that were made or replaced. */
  readonly written: number;
  /** Directories that were made. */
  readonly made: number;
  /** Files, symbolic links and directories that were removed. */
  readonly removed: number;
  /** What is not on the host as it is inside: the first {@link MOST_TOLD}. */
  readonly left: readonly LeftBehind[];
  /** How many more of these there are. */
  readonly leftMore: number;
}

export interface LeftBehind {
  /** Inside, and as the inside named it: it may hold anything but NUL. */
  readonly path: string;
  readonly why: LeftWhy;
  readonly errno?: number;
}

/** Stable. The first three tell what is never written back; the others that something is missing, so that writing back has failed. */
export type LeftWhy =
  /** A device, a FIFO or a socket. */
  | "kind"
  /** Written, without its set-user-id and set-group-id bits. */
  | "set-id"
  /** It was removed inside, and the host has changed it since it was copied: it is still there. */
  | "changed-on-host"
  /** A name or target that is not UTF-8, or a name of Bulkhead's own. */
  | "name"
  /** The sandbox's user may not read it. */
  | "unreadable"
  /** It became something else while it was read. */
  | "moved"
  /** The host has something else in its place. */
  | "in-the-way"
  /** It is in a directory of the host that belongs to somebody else. */
  | "owner"
  /** The host's file system refused. */
  | "failed";

/** How many of what was left behind are told by name. */
export const MOST_TOLD = 100;

const HARMLESS: ReadonlySet<LeftWhy> = new Set(["kind", "set-id", "changed-on-host"]);

/** Counts what is done to one directory. */
export class Report {
  readonly #at: string;
  readonly #host: string;
  readonly #left: LeftBehind[] = [];
  #more = 0;
  #missing = 0;
  #first: LeftBehind | undefined;
  written = 0;
  made = 0;
  removed = 0;

  constructor(at: string, host: string) {
    this.#at = at;
    this.#host = host;
  }

  /** `path` is below the directory. */
  leave(path: string, why: LeftWhy, errno?: number): void {
    const left = { path: `${this.#at}/${path}`, why, ...(errno === undefined ? {} : { errno }) };
    if (this.#left.length < MOST_TOLD) this.#left.push(left);
    else this.#more += 1;
    if (HARMLESS.has(why)) return;
    this.#missing += 1;
    this.#first ??= left;
  }

  /** @throws BulkheadError WRITE_BACK_FAILED when something is missing on the host */
  finish(): WrittenDirectory {
    if (this.#first !== undefined) {
      const { path, why, errno } = this.#first;
      const detail = `${this.#missing} not written back to ${this.#host}; the first for: ${why}`;
      throw new BulkheadError("WRITE_BACK_FAILED", {
        operation: "write back",
        path,
        detail,
        ...(errno === undefined ? {} : { errno }),
      });
    }
    const { written, made, removed } = this;
    return { at: this.#at, host: this.#host, written, made, removed, left: [...this.#left], leftMore: this.#more };
  }
}
