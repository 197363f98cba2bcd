import { createHash } from "node:crypto";
import { type BigIntStats, lstatSync, readdirSync } from "node:fs";
import { isAbsolute, relative } from "node:path";
import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Plan } from "../../plan/schema.js";
import { errnoOf } from "../store/location.js";

/** What an EROFS image is made of, as a plan mounts it: a directory (or file) of the host, or the layers of an image; and who its owner is inside. */
export type ErofsTree = Extract<Plan["root"]["source"], { readonly kind: "directory" | "layers" }>;

/** Part of every key: raised when the same tree would make another image. */
const RULES = "bulkhead-erofs-1";
const SLASH = Buffer.from("/");
/** File systems stamp changes with a clock that ticks so often; what was changed within a tick may change again unseen. */
const TICK_MS = 20;
const TRIES = 5;
/** More than an image may have; a directory of the host with more is not one to copy. */
const MOST_ENTRIES = 1_000_000;

export interface TreeIdentity {
  /** 64 hex digits: equal keys make equal images. */
  readonly key: string;
  /** What of the store it is made of, relative to that; empty for what is not in the store. */
  readonly sources: readonly string[];
  /** It is one file, not a directory. */
  readonly single: boolean;
}

/**
 * Names the image that a tree makes. What is in the store never changes under its name. A directory of the host is named by the owners, modes, sizes and
 * times of everything in it: no content changes without a time of change (ctime), which nobody can set. One that is `stable` is only ever replaced
 * as a whole, and named by itself.
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

/** The topmost first. */
function pathsOf(tree: ErofsTree): readonly string[] {
  return tree.kind === "layers" ? tree.layers : [tree.path];
}

/** What errors call it. */
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
    // Never at rest: then it is like no other that was or will be.
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

  /** Without a thread's help for each file, which would take ten times as long; but others get their turn between directories. */
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
    // A name holds no NUL, so no two trees are written alike.
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

/** What was removed meanwhile has no stat. */
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
