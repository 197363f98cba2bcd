import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A directory of the test's own below TMPDIR, removed with everything in it. */
export class TemporaryDirectory implements AsyncDisposable {
  private constructor(readonly path: string) {}

  /** `mode` 0o755 where other users have to see into it. */
  static async create(purpose: string, mode = 0o700): Promise<TemporaryDirectory> {
    const path = await mkdtemp(join(tmpdir(), `bulkhead-test-${purpose}-`));
    await chmod(path, mode);
    return new TemporaryDirectory(path);
  }

  join(...parts: readonly string[]): string {
    return join(this.path, ...parts);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A process that dies at this moment may still hold a directory of it, which lasts for some milliseconds.
    await rm(this.path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }
}
