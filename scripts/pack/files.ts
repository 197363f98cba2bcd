import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { PackedFile } from "../../packages/bulkhead/src/host/installed/manifest.js";

/** Writes a file of a package, with the directories above it. */
export function put(directory: string, path: string, content: string | Uint8Array, mode = 0o644): void {
  const at = join(directory, path);
  mkdirSync(dirname(at), { recursive: true });
  writeFileSync(at, content);
  chmodSync(at, mode);
}

/** A file's size and digest. */
export function packedFile(path: string): PackedFile {
  const content = readFileSync(path);
  return { bytes: content.length, sha256: createHash("sha256").update(content).digest("hex") };
}

/** A value as a file of JSON. */
export function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
