import { isObject } from "../../../channel/json.js";
import { BulkheadError } from "../../../errors/bulkhead-error.js";
import { Helper } from "../../../helpers/helper.js";
import { type Found, readChanges } from "./read-changes.js";
import { FAILED_AT_ONCE, LISTER } from "./wire.js";

/** The raw bytes of the guest's listing of one directory. */
export type ListBytes = (path: string) => AsyncIterable<Buffer>;

/** A writable directory, by its number in the sandbox. */
export interface ListedDirectory {
  readonly directory: number;
  readonly at: string;
  readonly apart: ReadonlySet<string>;
}

/**
 * How long the lister may take to record what was written, which involves no guest: one that does not answer has been
 * taken over.
 */
const SETTLE_MS = 60_000;

/** The process that decodes the guest's listings; it ends with the sandbox. */
export class Lister implements Disposable {
  readonly #helper: Helper;
  readonly #settleMs: number;
  #list: ListBytes | undefined;

  /** Throws as `Helper.start`. */
  constructor(settleMs = SETTLE_MS) {
    this.#settleMs = settleMs;
    this.#helper = Helper.start({
      kind: LISTER,
      methods: {
        list: async (value) => {
          const path = isObject(value) ? value["path"] : undefined;
          // The path may be any path inside: the guest resolves it with the permissions of its user.
          if (this.#list === undefined || typeof path !== "string" || !path.startsWith("/") || path.length > 8192) {
            throw new BulkheadError("HELPER_FAILED", { operation: "list", detail: "path" });
          }
          return { value: null, body: this.#list(path) };
        },
      },
    });
  }

  get pid(): number {
    return this.#helper.pid;
  }

  memoryBytes(): number {
    return this.#helper.memoryBytes();
  }

  [Symbol.dispose](): void {
    this.#helper[Symbol.dispose]();
  }

  /** The lister may query the guest while `work` runs. */
  async during<T>(list: ListBytes, work: () => Promise<T>): Promise<T> {
    this.#list = list;
    try {
      return await work();
    } finally {
      this.#list = undefined;
    }
  }

  /**
   * Lists the directory for the first time, to find entries whose name is not text.
   * @throws BulkheadError WRITE_BACK_FAILED, PROTOCOL_VIOLATION, HELPER_*
   */
  async begin({ directory, at, apart }: ListedDirectory): Promise<{ readonly unnamed: boolean }> {
    const { value } = await this.#helper.call("begin", { directory, at, apart: [...apart] });
    if (!isObject(value) || typeof value["unnamed"] !== "boolean") {
      throw new BulkheadError("HELPER_FAILED", { operation: "list", detail: "answer" });
    }
    return { unnamed: value["unnamed"] };
  }

  /** The changes since the directory was last `settled`. @throws as `begin` */
  async changes({ directory, at, apart }: ListedDirectory): Promise<Found> {
    const { body } = await this.#helper.call("changes", { directory });
    if (body === undefined) throw new BulkheadError("HELPER_FAILED", { operation: "list", detail: "answer" });
    return await readChanges(body, at, apart);
  }

  /**
   * Records that the host now matches the guest, except for these paths.
   * @throws BulkheadError HELPER_*; HELPER_LOST also if it takes too long
   */
  async settled(directory: number, failed: ReadonlySet<string>): Promise<void> {
    const late = setTimeout(() => this.#helper[Symbol.dispose](), this.#settleMs);
    try {
      const paths = [...failed];
      for (let at = 0; at < paths.length; at += FAILED_AT_ONCE) {
        await this.#helper.call("failed", { directory, paths: paths.slice(at, at + FAILED_AT_ONCE) });
      }
      await this.#helper.call("settled", { directory });
    } finally {
      clearTimeout(late);
    }
  }
}
