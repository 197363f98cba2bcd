import { BulkheadError } from "../../errors/bulkhead-error.js";

/** Limits of one copy. */
export interface CopyBounds {
  /** Total bytes of all files. */
  readonly maxBytes: number;
  /** Total number of files, directories and other entries. */
  readonly maxEntries: number;
}

/** Result of a copy between the host and a sandbox. */
export interface Copied {
  readonly files: number;
  /** Number of directories created. */
  readonly directories: number;
  readonly bytes: number;
  /** Entries that were not copied: the first 100. */
  readonly left: readonly NotCopied[];
  /** Number of further entries that were not copied. */
  readonly leftMore: number;
}

export interface NotCopied {
  /** Relative to the copied directory. For a copy out, the sandbox chose this name. */
  readonly path: string;
  /**
   * `link`: symbolic links are never followed or created. `kind`: a device, FIFO or socket. `name`: the name is not
   * UTF-8.
   */
  readonly why: "link" | "kind" | "name";
}

const MOST_TOLD = 100;

/** Counts a copy and enforces its limits. */
export class Count {
  readonly #operation: string;
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #left: NotCopied[] = [];
  #leftMore = 0;
  #bytes = 0;
  files = 0;
  directories = 0;

  constructor(operation: string, path: string, maxBytes: number) {
    this.#operation = operation;
    this.#path = path;
    this.#maxBytes = maxBytes;
  }

  /** @throws BulkheadError FILE_TOO_LARGE */
  add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes <= this.#maxBytes) return;
    const detail = `more than ${this.#maxBytes} bytes (\`maxBytes\`)`;
    throw new BulkheadError("FILE_TOO_LARGE", { operation: this.#operation, path: this.#path, detail });
  }

  leave(path: string, why: NotCopied["why"]): void {
    if (this.#left.length < MOST_TOLD) this.#left.push({ path, why });
    else this.#leftMore += 1;
  }

  /** Yields the pieces as they arrive, and counts them. */
  async *counted(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
    for await (const piece of pieces) {
      this.add(piece.length);
      yield piece;
    }
  }

  result(): Copied {
    const { files, directories } = this;
    return { files, directories, bytes: this.#bytes, left: [...this.#left], leftMore: this.#leftMore };
  }
}

/** Turns a failure of the host's file system into a BulkheadError that names the operation and path. */
export function hostFailure(operation: string, path: string, cause: unknown): unknown {
  if (cause instanceof BulkheadError) return cause;
  const { errno, syscall } = cause as NodeJS.ErrnoException;
  if (typeof errno !== "number") return cause;
  return new BulkheadError("COPY_FAILED", { operation: syscall ?? operation, path, errno: -errno, cause });
}

/** Number of files copied at once. */
const AT_ONCE = 8;

/**
 * Runs `action` for each item, a few at a time. After a failure it starts no further ones and waits for those in
 * progress.
 */
export async function eachOf<Item>(items: Iterable<Item>, action: (item: Item) => Promise<void>): Promise<void> {
  const iterator = items[Symbol.iterator]();
  let failed = false;
  const worker = async () => {
    for (let next = iterator.next(); next.done !== true && !failed; next = iterator.next()) {
      await action(next.value).catch((error: unknown) => {
        failed = true;
        throw error;
      });
    }
  };
  const results = await Promise.allSettled(Array.from({ length: AT_ONCE }, worker));
  const broken = results.find((result) => result.status === "rejected");
  if (broken !== undefined) throw broken.reason;
}
