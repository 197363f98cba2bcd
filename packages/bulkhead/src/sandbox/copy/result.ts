import { BulkheadError } from "../../errors/bulkhead-error.js";

/** How much is copied at most. */
export interface CopyBounds {
  /** Bytes of all files together. */
  readonly maxBytes: number;
  /** Files, directories and all else, together. */
  readonly maxEntries: number;
}

/** What was copied between the host and a sandbox. */
export interface Copied {
  readonly files: number;
  /** That were made. */
  readonly directories: number;
  readonly bytes: number;
  /** What was not copied: the first {@link MOST_TOLD}. */
  readonly left: readonly NotCopied[];
  /** How many more of these there are. */
  readonly leftMore: number;
}

export interface NotCopied {
  /** Relative to the directory that was copied. Of a copy out, the inside chose it. */
  readonly path: string;
  /** `link`: symbolic links are never followed, and never made. `kind`: a device, FIFO or socket. `name`: it is not UTF-8. */
  readonly why: "link" | "kind" | "name";
}

const MOST_TOLD = 100;

/** Counts a copy, and keeps it within its bounds. */
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

  /** The pieces as they come, counted. */
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

/** The host's file system refused: as a BulkheadError that says where. */
export function hostFailure(operation: string, path: string, cause: unknown): unknown {
  if (cause instanceof BulkheadError) return cause;
  const { errno, syscall } = cause as NodeJS.ErrnoException;
  if (typeof errno !== "number") return cause;
  return new BulkheadError("COPY_FAILED", { operation: syscall ?? operation, path, errno: -errno, cause });
}

/** How many files are copied at once. */
const AT_ONCE = 8;

/** Does something with each, a few at once. When one fails no other is begun, and all that were are waited for. */
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
