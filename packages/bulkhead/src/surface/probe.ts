import { chmodSync, copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { surfacePath } from "../host/locate.js";

/** Its name in the directory, and in a sandbox below wherever that is mounted. */
export const PROBE = "bulkhead-surface";

/** A directory that holds the probe and nothing else, for anybody to read: not every user may look into where the package is installed. */
export class ProbeDirectory implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "bulkhead-surface-"));

  constructor() {
    const copy = join(this.path, PROBE);
    copyFileSync(surfacePath(), copy);
    chmodSync(copy, 0o755);
    chmodSync(this.path, 0o755);
  }

  get program(): string {
    return join(this.path, PROBE);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
