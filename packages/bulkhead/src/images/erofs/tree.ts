import { createHash } from "node:crypto";
import { type BigIntStats, lstatSync, readdirSync } from "node:fs";
import { isAbsolute, relative } from "node:path";
import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Plan } from "../../plan/schema.js";
import { errnoOf } from "../store/location.js";

/**
 * Source of an EROFS image, as a plan mounts it: a host directory (or file), or an image's layers; and its owner
 * inside.
 */
export type ErofsTree = Extract<Plan["root"]["source"], { readonly kind: "directory" | "layers" }>;

/** Part of every key: incremented when the same tree would give another image. */
const RULES = "bulkhead-erofs-1";
const SLASH = Buffer.from("/");
/**
 * File systems take timestamps from a clock with this tick; a file changed within one tick may change again unnoticed.
 */
const TICK_MS = 20;
const TRIES = 5;
/** More than an image may have; a host directory with more is not one to copy. */
const MOST_ENTRIES = 1_000_000;

export interface TreeIdentity {
  /** 64 hex digits: equal keys give equal images. */
  readonly key: string;
  /** Sources in the store, relative to it; empty if none are in the store. */
  readonly sources: readonly string[];
  /** Whether it is a single file. */
  readonly single: boolean;
}

/**
 * Names the image of a tree. A tree in the store never changes under its name. A host directory is identified by the
 * owners, modes, sizes and times of all its entries: no content changes without a new ctime, which no program can set.
 * A `stable` one is only ever replaced as a whole, and identified by itself.
 *
 * Throws FILES_INVALID for a directory that cannot be read, or has too many entries.
 */
export async function identify(tree: ErofsTree, store: string, stable: boolean, user: object): Promise<TreeIdentity> {
  const inside = pathsOf(tree).map((path) => relative(store, path));
  const stored = inside.every((path) => path !== "" && !path.startsWith("..") && !isAbsolute(path));
  const single = tree.kind === "directory" && isFile(tree.path);
  const what = stored ? inside : await Promise.all(pathsOf(tree).map((path) => fingerprint(path, stable || single)));
  const key = createHash("sha256").update(JSON.stringify([RULES, stored, what, tree.owner, user]));
  return { key: key.digest("hex"), sources: stored ? inside : [], single };
}

/** Topmost first. */
function pathsOf(tree: ErofsTree): readonly string[] {
  return tree.kind === "layers" ? tree.layers : [tree.path];
}

/** A tree's name in errors. */
export function nameOfTree(tree: ErofsTree): string {
  return pathsOf(tree)[0] ?? "";
}

async function fingerprint(path: string, stable: boolean): Promise<string> {
  for (let left = TRIES; ; left -= 1) {
    const since = BigInt(Date.now() - TICK_MS) * 1_000_000n;
    const walk = new Walk();
    if (stable) walk.itself(Buffer.from(path));
    else await walk.directory(Buffer.from(path));
    const seen = walk.digest();
    if (walk.newestNs < since) return seen;
    // The tree keeps changing, so use a key that matches nothing else.
    if (left <= 1) return `${seen} ${process.pid} ${process.hrtime.bigint()}`;
    await sleep(TICK_MS);
  }
}

class Walk {
  readonly #hash = createHash("sha256");
  #entries = 0;
  newestNs = 0n;

  itself(path: Buffer): void {
    this.#note(path, lookAt(path));
  }

  /**
   * Synchronous per directory, because a thread-pool call for each file would take ten times as long; other work gets
   * its turn between directories.
   */
  async directory(path: Buffer): Promise<void> {
    this.#note(path, lookAt(path));
    const names = namesIn(path).sort(Buffer.compare);
    const directories: Buffer[] = [];
    for (const name of names) {
      const child = Buffer.concat([path, SLASH, name]);
      const stat = lookAt(child);
      if (stat?.isDirectory() === true) directories.push(child);
      else this.#note(child, stat);
    }
    await setImmediate();
    for (const child of directories) await this.directory(child);
  }

  digest(): string {
    return this.#hash.digest("hex");
  }

  #note(path: Buffer, stat: BigIntStats | undefined): void {
    this.#entries += 1;
    if (this.#entries > MOST_ENTRIES) throw tooMany(path);
    // A name contains no NUL, so no two trees are written alike.
    this.#hash.update(path).update("\0");
    if (stat === undefined) return;
    const { dev, ino, mode, uid, gid, size, mtimeNs, ctimeNs } = stat;
    this.#hash.update([dev, ino, mode, uid, gid, size, mtimeNs, ctimeNs].join(" ")).update("\0");
    if (ctimeNs > this.newestNs) this.newestNs = ctimeNs;
  }
}

function isFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** A file removed in the meantime has no stat. */
function lookAt(path: Buffer): BigIntStats | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false });
}

function namesIn(path: Buffer): Buffer[] {
  try {
    return readdirSync(path, { encoding: "buffer" });
  } catch (cause) {
    const where = { operation: "read directory", path: path.toString() };
    throw new BulkheadError("FILES_INVALID", { ...where, ...errnoOf(cause), cause });
  }
}

function tooMany(path: Buffer): BulkheadError {
  const detail = `more than ${MOST_ENTRIES} entries`;
  return new BulkheadError("FILES_INVALID", { operation: "read directory", path: path.toString(), detail });
}
