import { chmodSync, copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { surfacePath } from "../host/locate.js";

/** The probe's name in the directory, and inside below the mount. */
export const PROBE = "bulkhead-surface";

/** A world-readable directory that contains only the probe: not every user may read the package's directory. */
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
