import { open } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { BulkheadError } from "../errors/bulkhead-error.js";

/** Far above any policy that a person writes; below what could hurt to parse. */
const LARGEST_POLICY = 256 * 1024;

/** A policy as it was read, not checked yet, and the directory that its relative paths are relative to. */
export interface LoadedPolicy {
  readonly policy: unknown;
  readonly directory: string;
}

/**
 * Reads a policy file: YAML, or JSON, which is also YAML. Throws POLICY_INVALID when it cannot be read or parsed.
 * Pass what it gives to `parsePolicy(policy, { directory })`.
 */
export async function loadPolicy(path: string): Promise<LoadedPolicy> {
  const text = await readBounded(path);
  return { policy: await parsePolicyText(text, path), directory: dirname(resolve(path)) };
}

/** Parses the text of a policy; `path` is for messages, and JSON is taken as JSON when it ends in `.json`. */
export async function parsePolicyText(text: string, path = "policy"): Promise<unknown> {
  if (Buffer.byteLength(text) > LARGEST_POLICY) throw tooLarge(path);
  try {
    if (path.endsWith(".json")) return JSON.parse(text);
    // Loaded only here: it costs more start-up time than everything else in a policy together.
    const { parse } = await import("yaml");
    // An empty document is the empty policy. Aliases are off, since a few lines of them can expand to gigabytes.
    return parse(text, { maxAliasCount: 0, strict: true, uniqueKeys: true, prettyErrors: true }) ?? {};
  } catch (error) {
    throw new BulkheadError("POLICY_INVALID", { operation: "parse", path, detail: firstLine(error), cause: error });
  }
}

async function readBounded(path: string): Promise<string> {
  try {
    await using file = await open(path, "r");
    const buffer = Buffer.alloc(LARGEST_POLICY + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length);
      if (bytesRead === 0) break;
      length += bytesRead;
      if (length > LARGEST_POLICY) throw tooLarge(path);
    }
    return buffer.toString("utf8", 0, length);
  } catch (error) {
    if (error instanceof BulkheadError) throw error;
    const errno =
      error instanceof Error && "errno" in error && typeof error.errno === "number" ? -error.errno : undefined;
    throw new BulkheadError("POLICY_INVALID", {
      operation: "read",
      path,
      ...(errno === undefined ? {} : { errno }),
      cause: error,
    });
  }
}

function tooLarge(path: string): BulkheadError {
  return new BulkheadError("POLICY_INVALID", {
    operation: "read",
    path,
    detail: `larger than ${LARGEST_POLICY} bytes`,
  });
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n", 1)[0] ?? "";
}
