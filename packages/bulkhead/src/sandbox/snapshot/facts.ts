import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { z } from "zod";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { SavedMachine } from "../../levels/driver.js";
import { openSaved } from "../../levels/microvm/snapshot/saved-file.js";
import { sha256, tieSchema } from "../../levels/microvm/snapshot/tie.js";

/** The first file of a saved machine, and what tells of it. The names are fixed: none is ever taken from a file. */
export const STATE = "state";
const MEMORY = "state-memory";
export const FACTS = "snapshot.json";

const VERSION = 3;
/** A policy has at most 256 KiB, and the rest is short. */
const LARGEST_FACTS = 512 * 1024;
/** No machine of today has as much memory. */
const LARGEST_FILE = 2 ** 44;

const savedFile = <Name extends string>(name: Name) =>
  z.strictObject({ name: z.literal(name), sizeBytes: z.int().min(1).max(LARGEST_FILE), sha256 });

/**
 * What `snapshot.json` says. There is no plan in it, no mount, no uid, no argument and no verdict: those are made of the policy, on the host where the
 * machine goes on, and all that is compared with them are digests.
 */
const schema = z.strictObject({
  version: z.literal(VERSION),
  tie: tieSchema,
  files: z.union([z.tuple([savedFile(STATE)]), z.tuple([savedFile(STATE), savedFile(MEMORY)])]),
  /** As its owner wrote it, with absolute paths; checked where it is used. */
  policy: z.record(z.string(), z.unknown()),
  vouched: z.boolean(),
});

/** What copies of a machine are made of, beside its memory. */
export interface Origin {
  /** With absolute paths, as they were understood when the machine was made; empty at levels that cannot be snapshotted. */
  readonly policy: Readonly<Record<string, unknown>>;
  /** False of a machine that itself goes on from memory which nobody vouches for: no digest makes it another. */
  readonly vouched: boolean;
}

export interface SnapshotFacts extends SavedMachine, Origin {}

/** Writes what is known of a saved machine beside it, and returns the digest of that. */
export async function writeFacts(path: string, { tie, files, policy, vouched }: SnapshotFacts): Promise<string> {
  const text = JSON.stringify({ version: VERSION, tie, files, policy, vouched });
  await writeFile(path, text, { flag: "wx", mode: 0o600 });
  return digestOf(text);
}

/**
 * Reads it. Whoever wrote it is not believed: its form is checked, and its length before that.
 * @throws BulkheadError SNAPSHOT_INVALID, SNAPSHOT_UNTRUSTED
 */
export async function readFacts(path: string): Promise<{ readonly facts: SnapshotFacts; readonly digest: string }> {
  const invalid = (detail: string, cause?: unknown) =>
    new BulkheadError("SNAPSHOT_INVALID", { operation: "read snapshot", path, detail, cause });
  const { handle, sizeBytes } = await openSaved(path);
  try {
    if (sizeBytes > LARGEST_FACTS) throw invalid(`more than ${LARGEST_FACTS} bytes`);
    const bytes = Buffer.alloc(sizeBytes);
    const { bytesRead } = await handle.read(bytes, 0, sizeBytes, 0);
    const text = bytes.toString("utf8", 0, bytesRead);
    const parsed = schema.safeParse(parseJson(text, invalid));
    if (!parsed.success) throw invalid(fieldOf(parsed.error.issues[0]), parsed.error);
    return { facts: parsed.data, digest: digestOf(text) };
  } finally {
    await handle.close();
  }
}

function parseJson(text: string, invalid: (detail: string, cause?: unknown) => BulkheadError): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid("not JSON", cause);
  }
}

/** Which field is wrong: what is in it is hostile, and not repeated. */
function fieldOf(issue: z.core.$ZodIssue | undefined): string {
  const path = issue?.path.map(String).join(".") ?? "";
  if (issue?.code === "unrecognized_keys") return path === "" ? "unknown field" : `unknown field in ${path}`;
  return path === "" ? "form" : path;
}

function digestOf(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}
