import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { BulkheadError } from "bulkhead";

/** Where the operator finds the token: on the terminal or in a file, never both; neither if none was made. */
export interface HandedOver {
  readonly shown: string | null;
  readonly file: string | null;
}

interface Places {
  readonly tokenFile?: string;
  /** The server's state. */
  readonly directory: string;
}

/**
 * Where a new token goes: a terminal, or else a file that only its owner can read. What a service prints ends up in a
 * journal, which others read and which lasts.
 */
export class TokenPlace {
  /** Null: the terminal. */
  readonly #file: string | null;
  /** What is written first; the same as the file, unless it replaces that of an earlier token. */
  readonly #fresh: string;
  #opened: FileHandle | undefined;

  constructor({ tokenFile, directory }: Places) {
    const file = tokenFile === undefined ? join(directory, "operator-token") : resolve(tokenFile);
    this.#file = tokenFile === undefined && process.stdout.isTTY ? null : file;
    // The file of an earlier token may have been given another mode.
    this.#fresh = tokenFile === undefined ? `${file}.new` : file;
  }

  /** Opens the file, before there is a token that could be lost. @throws BulkheadError PATH_UNUSABLE */
  async prepare(): Promise<void> {
    const file = this.#file;
    if (file === null) return;
    await this.#usable(async () => {
      if (this.#fresh !== file) await rm(this.#fresh, { force: true });
      this.#opened = await open(this.#fresh, "wx", 0o600);
    });
  }

  /** Null: no token was made. @throws BulkheadError PATH_UNUSABLE */
  async handOver(token: string | null): Promise<HandedOver> {
    const [file, opened] = [this.#file, this.#opened];
    if (token === null) return { shown: null, file: null };
    if (file === null || opened === undefined) return { shown: token, file: null };
    await this.#usable(async () => {
      await opened.writeFile(`${token}\n`);
      await opened.close();
      if (this.#fresh !== file) await rename(this.#fresh, file);
    });
    return { shown: null, file };
  }

  /** Removes the file of a token that was not made. */
  async abandon(): Promise<void> {
    if (this.#opened === undefined) return;
    await this.#opened.close();
    await rm(this.#fresh, { force: true });
  }

  async #usable(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (cause) {
      throw new BulkheadError("PATH_UNUSABLE", { operation: "write the token to", path: this.#file ?? "", cause });
    }
  }
}
