import { promises } from "node:fs";
import { dirname, resolve } from "node:path";
import { check } from "../arguments/check.js";
import { requireArguments } from "../arguments/require.js";
import { hostPath } from "../arguments/values.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { withAbsolutePaths } from "./absolute-paths.js";
import type { Policy } from "./schema.js";

const string = check<string>((value) => typeof value === "string", "the text of a policy");

/** Far above any policy that a person writes; below what could hurt to parse. */
const LARGEST_POLICY = 256 * 1024;

/**
 * Reads a policy file: YAML, or JSON, which is also YAML. Its relative paths are made absolute, since they are relative to
 * the file. What it says is checked where it is used. Throws POLICY_INVALID when it cannot be read or parsed.
 */
export async function loadPolicy(path: string): Promise<Policy> {
  requireArguments("loadPolicy", ["path", hostPath, path]);
  const text = await readBounded(path);
  // The type is what it ought to be: `parsePolicy`, which every use goes through, finds out whether it is.
  return withAbsolutePaths(await parsePolicyText(text, path), dirname(resolve(path))) as Policy;
}

/** Parses the text of a policy; `path` is for messages, and JSON is taken as JSON when it ends in `.json`. */
export async function parsePolicyText(text: string, path = "policy"): Promise<unknown> {
  requireArguments("parsePolicyText", ["text", string, text], ["path", hostPath, path]);
  if (Buffer.byteLength(text) > LARGEST_POLICY) throw tooLarge(path);
  try {
    if (path.endsWith(".json")) return JSON.parse(text);
    // Loaded only here: it costs more start-up time than everything else in a policy together.
    const { parse } = await import("./yaml.js");
    // An empty document is the empty policy. Aliases are off, since a few lines of them can expand to gigabytes.
    return parse(text, { maxAliasCount: 0, strict: true, uniqueKeys: true, prettyErrors: true }) ?? {};
  } catch (error) {
    throw new BulkheadError("POLICY_INVALID", { operation: "parse", path, detail: firstLine(error), cause: error });
  }
}

async function readBounded(path: string): Promise<string> {
  try {
    await using file = await promises.open(path, "r");
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
