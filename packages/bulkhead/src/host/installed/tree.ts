import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * The root file system `base` as data, because packages of npm hold no links and no empty directories. The packages'
 * manifest vouches for it.
 */
export interface PackedTree {
  /** Parents first, with their modes. */
  readonly directories: readonly (readonly [path: string, mode: number])[];
  readonly files: readonly (readonly [path: string, content: string])[];
  readonly links: readonly (readonly [path: string, target: string])[];
}

/** Creates `tree` at `at`, with `busybox` as its program. */
export function makeTree(at: string, tree: PackedTree, busybox: Buffer): void {
  mkdirSync(at);
  chmodSync(at, 0o755);
  for (const [path, mode] of tree.directories) {
    mkdirSync(join(at, path));
    // The umask does not apply to this.
    chmodSync(join(at, path), mode);
  }
  const busyboxPath = join(at, "bin", "busybox");
  writeFileSync(busyboxPath, busybox, { flush: true });
  chmodSync(busyboxPath, 0o755);
  for (const [path, content] of tree.files) {
    writeFileSync(join(at, path), content);
    chmodSync(join(at, path), 0o644);
  }
  for (const [path, target] of tree.links) symlinkSync(target, join(at, path));
}
