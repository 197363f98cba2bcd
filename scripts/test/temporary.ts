import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Caches that other programs keep on purpose. */
const KEPT = /^(tsx-\d+|node-compile-cache|node-jiti|v8-compile-cache-\d+)$/;

/** A folder that is the TMPDIR of one part, so that leftovers in it are certainly that part's. */
export class TemporaryFolder implements Disposable {
  readonly path: string;

  constructor() {
    this.path = mkdtempSync(join(tmpdir(), "bulkhead-npm-test-"));
    // As /tmp: some cases run as other users.
    chmodSync(this.path, 0o1777);
  }

  left(): readonly string[] {
    return readdirSync(this.path).filter((name) => !KEPT.test(name));
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
