import { type BigIntStats, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { isAsShipped, type Shipped, whyNotShipped } from "./shipped.js";

/** What to show, and why the rest is hidden. */
export interface Findings {
  /** Files, and directories that may be shown entirely. */
  readonly shown: string[];
  readonly left: { readonly path: string; readonly why: string }[];
  /** Fingerprints of everything examined, by path; the cache file has this name for them. */
  readonly marks: Record<string, string>;
}

const MOST_ENTRIES = 2000;

/** Identifies a state of a file or directory: no content changes without a new ctime, which no program can set. */
export function fingerprintOf({ ino, mode, uid, size, ctimeNs }: BigIntStats): string {
  return [ino, mode, uid, size, ctimeNs].join(" ");
}

export function stateOf(path: string): BigIntStats | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false });
}

/**
 * Examines `path` and everything below it: shows entries that are world-readable, owned by root and, with `shipped`,
 * exactly as a package shipped them. A directory that may be shown entirely is one mount; of any other only those parts
 * are.
 */
export function look(path: string, shipped: Shipped | null, findings: Findings): boolean {
  const stat = stateOf(path);
  const marks = findings.marks;
  if (stat === undefined || Object.keys(marks).length >= MOST_ENTRIES)
    return leave(path, "there is too much of it", findings);
  marks[path] = fingerprintOf(stat);
  // A link reveals no content of its own, whether or not its target exists.
  if (stat.isSymbolicLink()) return true;
  const needed = stat.isDirectory() ? 0o005n : 0o004n;
  if ((stat.mode & needed) !== needed) return leave(path, "it is closed to others", findings);
  if (stat.uid !== 0n) return leave(path, `it belongs to uid ${stat.uid}`, findings);
  if (stat.isDirectory()) return lookInto(path, shipped, findings);
  if (!stat.isFile()) return leave(path, "it is neither a file nor a directory", findings);
  if (shipped === null || isAsShipped(path, shipped)) return true;
  return leave(path, whyNotShipped(path, shipped), findings);
}

function lookInto(path: string, shipped: Shipped | null, findings: Findings): boolean {
  const parts = readdirSync(path)
    .sort()
    .map((name) => join(path, name));
  const good = parts.filter((part) => look(part, shipped, findings));
  if (good.length === parts.length) return true;
  findings.shown.push(...good.filter((part) => stateOf(part)?.isSymbolicLink() === false));
  return false;
}

function leave(path: string, why: string, { left }: Findings): false {
  left.push({ path, why });
  return false;
}
