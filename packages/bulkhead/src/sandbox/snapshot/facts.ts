import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import * as z from "zod/mini";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { SavedMachine } from "../../levels/driver.js";
import { openSaved } from "../../levels/microvm/snapshot/saved-file.js";
import { sha256, tieSchema } from "../../levels/microvm/snapshot/tie.js";

/**
 * The first file of a saved machine, and the file that describes it. The names are fixed: none is ever taken from a
 * file.
 */
export const STATE = "state";
const MEMORY = "state-memory";
export const FACTS = "snapshot.json";

const VERSION = 3;
/** A policy has at most 256 KiB, and the rest is short. */
const LARGEST_FACTS = 512 * 1024;
/** More memory than any machine of today has. */
const LARGEST_FILE = 2 ** 44;

const savedFile = <Name extends string>(name: Name) =>
  z.strictObject({ name: z.literal(name), sizeBytes: z.int().check(z.minimum(1), z.maximum(LARGEST_FILE)), sha256 });

/**
 * Schema of `snapshot.json`. It contains no plan, mount, uid, argument or verdict: all of these are built from the
 * policy, on the host that restores it, and only digests are compared with them.
 */
const schema = z.strictObject({
  version: z.literal(VERSION),
  tie: tieSchema,
  files: z.union([z.tuple([savedFile(STATE)]), z.tuple([savedFile(STATE), savedFile(MEMORY)])]),
  /** As its owner wrote it, with absolute paths; validated where it is used. */
  policy: z.record(z.string(), z.unknown()),
  vouched: z.boolean(),
});

/** Besides a machine's memory, the inputs for copies of it. */
export interface Origin {
  /** With absolute paths, as resolved when the machine was created; empty at levels without snapshots. */
  readonly policy: Readonly<Record<string, unknown>>;
  /** False for a machine that itself resumed from unverified memory; no later digest can change that. */
  readonly vouched: boolean;
}

export interface SnapshotFacts extends SavedMachine, Origin {}

/** Writes the description of a saved machine beside it, and returns the description's digest. */
export async function writeFacts(path: string, { tie, files, policy, vouched }: SnapshotFacts): Promise<string> {
  const text = JSON.stringify({ version: VERSION, tie, files, policy, vouched });
  await writeFile(path, text, { flag: "wx", mode: 0o600 });
  return digestOf(text);
}

/**
 * Reads the description. Its author is not trusted: its length is checked first, then its form.
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

/** Names the wrong field; its value is hostile and is not repeated. */
function fieldOf(issue: z.core.$ZodIssue | undefined): string {
  const path = issue?.path.map(String).join(".") ?? "";
  if (issue?.code === "unrecognized_keys") return path === "" ? "unknown field" : `unknown field in ${path}`;
  return path === "" ? "form" : path;
}

function digestOf(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}
