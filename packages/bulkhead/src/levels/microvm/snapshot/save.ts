import { createHash } from "node:crypto";
import { createWriteStream, type WriteStream } from "node:fs";
import { basename } from "node:path";
import { BulkheadError } from "../../../errors/bulkhead-error.js";
import type { SavedFile } from "../../driver.js";

/**
 * Writes one new file of a saved machine, and counts its bytes. The content is hostile, and only a monitor in a jail
 * parses it.
 */
export class SavingFile {
  readonly path: string;
  readonly #file: WriteStream;
  readonly #hash = createHash("sha256");
  #bytes = 0;
  #failure: unknown;

  constructor(path: string) {
    this.path = path;
    // The monitor runs as an unprivileged uid, so the file is world-readable; the directory restricts access.
    this.#file = createWriteStream(path, { flags: "wx", mode: 0o444 });
    this.#file.on("error", (error) => {
      this.#failure ??= error;
    });
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** More data waits than should: see {@link drained}. */
  get full(): boolean {
    return this.#file.writableNeedDrain;
  }

  /** @throws BulkheadError VMM_FAILED */
  write(chunk: Buffer): void {
    this.#check();
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
    this.#file.write(chunk);
  }

  /** Resolves when there is room again. @throws BulkheadError VMM_FAILED */
  async drained(): Promise<void> {
    if (this.full && this.#failure === undefined) {
      await new Promise<void>((resolve) => {
        const done = () => {
          this.#file.off("drain", done).off("error", done);
          resolve();
        };
        this.#file.on("drain", done).on("error", done);
      });
    }
    this.#check();
  }

  /** Completes the file and describes it. @throws BulkheadError VMM_FAILED */
  async finish(): Promise<SavedFile> {
    await this.close();
    this.#check();
    return { name: basename(this.path), sizeBytes: this.#bytes, sha256: this.#hash.digest("hex") };
  }

  /** In any state. */
  async close(): Promise<void> {
    if (!this.#file.closed) await new Promise<void>((resolve) => this.#file.once("close", resolve).end());
  }

  #check(): void {
    if (this.#failure === undefined) return;
    const { path } = this;
    throw new BulkheadError("VMM_FAILED", { operation: "write snapshot", path, cause: this.#failure });
  }
}
