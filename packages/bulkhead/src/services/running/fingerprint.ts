import { createHash, type Hash } from "node:crypto";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { PrepareOptions } from "../../sandbox/prepare/options.js";
import { planOfNow } from "../../sandbox/prepare/prepare.js";
import type { ComponentSpec } from "../model.js";

/** A larger tree counts as unchanged beyond this: reading all of it would take longer than the restart. */
const MOST_ENTRIES = 20_000;

/** What a component's program sees beside its specification: changes if a read-only file or the image did. */
export async function fingerprintOf(spec: ComponentSpec, options: PrepareOptions): Promise<Fingerprint> {
  const files = createHash("sha256");
  const bound = { left: MOST_ENTRIES };
  for (const { path, writable } of spec.mounts) if (!writable) await addTree(files, path, bound);
  for (const { path } of spec.secretFiles) await addTree(files, path, bound);
  return { files: files.digest("hex"), image: await imageOf(spec, options) };
}

export interface Fingerprint {
  readonly files: string;
  /** Null: the root is no image. */
  readonly image: string | null;
}

async function imageOf({ policy }: ComponentSpec, options: PrepareOptions): Promise<string | null> {
  if (policy.image === undefined && !/^(oci|docker-archive):/.test(policy.root ?? "")) return null;
  const { id: _, ...plan } = await planOfNow(policy, options);
  return createHash("sha256").update(JSON.stringify(plan)).digest("hex");
}

async function addTree(hash: Hash, path: string, bound: { left: number }): Promise<void> {
  if (bound.left <= 0) return;
  bound.left -= 1;
  const found = await lstat(path).catch(() => undefined);
  hash.update(JSON.stringify([path, found?.ino, found?.size, found?.mtimeMs, found?.mode]));
  if (found?.isDirectory() !== true) return;
  const names = await readdir(path).catch(() => []);
  for (const name of names.sort()) await addTree(hash, join(path, name), bound);
}
