import { BulkheadError } from "../../errors/bulkhead-error.js";
import { defined } from "../../values/defined.js";

/**
 * Outcome of writing back the host directories of which a sandbox had copies; empty if the workload writes to the host
 * directly.
 */
export interface WrittenBack {
  readonly directories: readonly WrittenDirectory[];
}

/** One host directory. */
export interface WrittenDirectory {
  /** Its path inside. */
  readonly at: string;
  readonly host: string;
  /** Number of files and symbolic links created or replaced. */
  readonly written: number;
  /** Number of directories created. */
  readonly made: number;
  /** Number of files, symbolic links and directories removed. */
  readonly removed: number;
  /** Entries that differ between host and sandbox: the first 100. */
  readonly left: readonly LeftBehind[];
  /** Number of further such entries. */
  readonly leftMore: number;
}

export interface LeftBehind {
  /** The path inside, as the sandbox named it: it may contain anything but NUL. */
  readonly path: string;
  readonly why: LeftWhy;
  readonly errno?: number;
}

/**
 * Stable. The first three are kinds of entries that are never written back; the others mean that something is missing,
 * so writing back has failed.
 */
export type LeftWhy =
  /** A device, a FIFO or a socket. */
  | "kind"
  /** Written, but without its set-user-id and set-group-id bits. */
  | "set-id"
  /** Removed inside, but still on the host, because the host changed it after the copy. */
  | "changed-on-host"
  /** The name or target is not UTF-8, or the name is one of Bulkhead's own. */
  | "name"
  /** The sandbox's user may not read it. */
  | "unreadable"
  /** It changed its type while it was read. */
  | "moved"
  /** Something else is in its place on the host. */
  | "in-the-way"
  /** It is in a host directory that belongs to another user. */
  | "owner"
  /** The host's file system refused. */
  | "failed";

/** Maximum number of entries to list by name. */
export const MOST_TOLD = 100;

const HARMLESS: ReadonlySet<LeftWhy> = new Set(["kind", "set-id", "changed-on-host"]);

/** Counts the changes to one directory. */
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

  /** `path` is relative to the directory. */
  leave(path: string, why: LeftWhy, errno?: number): void {
    const left = { path: `${this.#at}/${path}`, why, ...defined({ errno }) };
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
        ...defined({ errno }),
      });
    }
    const { written, made, removed } = this;
    return { at: this.#at, host: this.#host, written, made, removed, left: [...this.#left], leftMore: this.#more };
  }
}
