import { createHash, type Hash } from "node:crypto";
import { lstat, opendir, stat } from "node:fs/promises";
import { parsePolicy } from "../../policy/parse.js";
import type { PrepareOptions } from "../../sandbox/prepare/options.js";
import { planOfNow } from "../../sandbox/prepare/prepare.js";
import type { ComponentSpec } from "../model.js";

/** A larger tree counts as changed: reading all of it would take longer than the restart. */
const MOST_ENTRIES = 20_000;

/** What a component's program sees beside its specification: changes if a read-only file or the image did. */
export async function fingerprintOf(spec: ComponentSpec, options: PrepareOptions): Promise<Fingerprint> {
  return { files: await printOf(spec), image: await imageOf(spec, options) };
}

export interface Fingerprint {
  /** Null: too many files to compare. */
  readonly files: string | null;
  /** Null: the root is no image. */
  readonly image: string | null;
}

async function imageOf({ policy }: ComponentSpec, options: PrepareOptions): Promise<string | null> {
  if (policy.image === undefined && !/^(oci|docker-archive):/.test(policy.root ?? "")) return null;
  const { id: _, ...plan } = await planOfNow(policy, options);
  return createHash("sha256").update(JSON.stringify(plan)).digest("hex");
}

async function printOf({ mounts, secretFiles, policy }: ComponentSpec): Promise<string | null> {
  const { root, syscalls, secrets } = parsePolicy(policy);
  const hash = createHash("sha256");
  const tree = new Tree(hash);
  for (const { path, writable } of mounts) if (!writable) await tree.add(Buffer.from(path));
  if (root.kind === "directory") await tree.add(Buffer.from(root.path));
  for (const { path } of secretFiles) await addFile(hash, path);
  for (const { source } of secrets) if (source.kind === "file") await addFile(hash, source.path);
  if (syscalls.kind === "file") await addFile(hash, syscalls.path);
  return tree.left < 0 ? null : hash.digest("hex");
}

/** A file that is read at each start, through links. */
async function addFile(hash: Hash, path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  hash.update(JSON.stringify([path, found?.ino, found?.size, found?.mtimeMs]));
}

/** Adds what identifies the entries of trees. Names are bytes: two that are no UTF-8 must not look the same. */
class Tree {
  readonly #hash: Hash;
  /** Entries that may still be added; negative: there are more. */
  left = MOST_ENTRIES;

  constructor(hash: Hash) {
    this.#hash = hash;
  }

  async add(path: Buffer): Promise<void> {
    this.left -= 1;
    if (this.left < 0) return;
    const found = await lstat(path).catch(() => undefined);
    const facts = [found?.ino, found?.size, found?.mtimeMs, found?.mode];
    this.#hash.update(JSON.stringify([path.toString("latin1"), ...facts]));
    if (found?.isDirectory() !== true) return;
    const names = await namesIn(path, this.left);
    if (names === undefined) this.left = -1;
    for (const name of names ?? []) await this.add(Buffer.concat([path, SLASH, name]));
  }
}

const SLASH = Buffer.from("/");

/** In one order; undefined if there are more than `most`: another component may write them, millions of them. */
async function namesIn(path: Buffer, most: number): Promise<readonly Buffer[] | undefined> {
  const directory = await opendir(path, { encoding: "buffer" as BufferEncoding }).catch(() => undefined);
  if (directory === undefined) return [];
  const names: Buffer[] = [];
  // It ends at the first break, and closes the directory.
  for await (const entry of directory as unknown as AsyncIterable<{ readonly name: Buffer }>) {
    if (names.length >= most) return undefined;
    names.push(entry.name);
  }
  return names.sort(Buffer.compare);
}
