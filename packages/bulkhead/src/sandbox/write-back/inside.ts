import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { DirectoryEntry, FileInfo } from "../../session/files/entries.js";
import { isLossy, isOwnName, isPlainName } from "../../session/host-files/names.js";
import { defined } from "../../values/defined.js";
import { AT_ONCE, BOUNDS, type Bounds } from "./bounds.js";
import type { LeftWhy } from "./report.js";

/** A file's metadata as the sandbox reports it; only its shape has been checked. */
export type InsideEntry = Pick<FileInfo, "type" | "mode" | "size" | "mtimeMs" | "ctimeUs" | "target">;

/** A directory with everything below it, by relative path. */
export interface Listing {
  readonly entries: ReadonlyMap<string, InsideEntry>;
  /** Directories with unknown content; "" is the directory itself. */
  readonly closed: ReadonlySet<string>;
  /** Entries that were seen but cannot be fetched. */
  readonly left: readonly { readonly path: string; readonly why: LeftWhy }[];
}

/** Lists one directory inside entry by entry, so that entries are counted before they are kept. */
export type ListOne = (path: string) => AsyncIterable<DirectoryEntry>;

const GONE: ReadonlySet<string> = new Set(["FILE_NOT_FOUND", "FILE_NOT_DIRECTORY"]);

/**
 * Lists a directory inside and everything below it, except the places in `apart`, where other mounts are. The answers
 * are hostile: their number, depth and length are bounded, and an invalid name ends the listing.
 * @throws BulkheadError WRITE_BACK_FAILED
 */
export async function listInside(
  at: string,
  apart: ReadonlySet<string>,
  list: ListOne,
  bounds: Bounds = BOUNDS,
): Promise<Listing> {
  const entries = new Map<string, InsideEntry>();
  const closed = new Set<string>();
  const left: { readonly path: string; readonly why: LeftWhy }[] = [];
  const waiting = [""];
  let seen = 0;
  let text = 0;

  const note = (parent: string, entry: DirectoryEntry) => {
    seen += 1;
    if (seen > bounds.entries) throw failed(at, `more than ${bounds.entries} files`);
    const path = parent === "" ? entry.name : `${parent}/${entry.name}`;
    text += Buffer.byteLength(path) + Buffer.byteLength(entry.target ?? "");
    if (text > bounds.textBytes) throw failed(at, `more than ${bounds.textBytes} bytes of names`);
    if (parent === "" && isOwnName(entry.name)) {
      left.push({ path, why: "name" });
      return;
    }
    // Requests carry paths as text, so an entry whose name is not text cannot be requested.
    if (entry.nameBytes !== undefined) {
      left.push({ path, why: "name" });
      return;
    }
    if (!isPlainName(entry.name)) throw failed(at, "a name that no file can have");
    if (apart.has(`${at}/${path}`)) return;
    if (Buffer.byteLength(path) + at.length > bounds.pathBytes) throw failed(at, "a path that is too long");
    const { type, mode, size, mtimeMs, ctimeUs, target } = entry;
    if (type === "symlink" && (target === undefined || target === "" || target.includes("\0") || isLossy(target))) {
      left.push({ path, why: "name" });
      return;
    }
    const info = { type, mode, size, mtimeMs };
    entries.set(path, {
      ...info,
      ...defined({ ctimeUs, target }),
    });
    if (type !== "directory") return;
    if (path.split("/").length > bounds.depth) throw failed(at, `directories deeper than ${bounds.depth}`);
    waiting.push(path);
  };

  const visit = async (path: string) => {
    try {
      for await (const entry of list(path === "" ? at : `${at}/${path}`)) note(path, entry);
    } catch (error) {
      if (!(error instanceof BulkheadError)) throw error;
      if (error.code === "FILE_DENIED") left.push({ path, why: "unreadable" });
      else if (path === "" || !GONE.has(error.code)) throw error;
      closed.add(path);
    }
  };

  while (waiting.length > 0) await Promise.all(waiting.splice(0, AT_ONCE).map(visit));
  return { entries, closed, left };
}

function failed(path: string, detail: string): BulkheadError {
  return new BulkheadError("WRITE_BACK_FAILED", { operation: "list", path, detail });
}
