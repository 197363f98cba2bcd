import { dirname, resolve } from "node:path";
import { check } from "../arguments/check.js";
import { readGivenFile, type Unreadable } from "../arguments/given-file.js";
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
 * the file. What it says is checked where it is used. Throws POLICY_UNREADABLE, and POLICY_SYNTAX when it is no document.
 */
export async function loadPolicy(path: string): Promise<Policy> {
  requireArguments("loadPolicy", ["path", hostPath, path]);
  const refuse = (why: Unreadable) => new BulkheadError("POLICY_UNREADABLE", { path, ...why });
  const text = (await readGivenFile(path, LARGEST_POLICY, refuse)).toString("utf8");
  const policy = withAbsolutePaths(await parsePolicyText(text, path), dirname(resolve(path)));
  if (typeof policy !== "object" || policy === null || Array.isArray(policy)) {
    throw new BulkheadError("POLICY_INVALID", {
      path,
      detail: "must be fields and their values, as in `level: container`",
    });
  }
  // The type is what it ought to be: `parsePolicy`, which every use goes through, finds out whether it is.
  return policy;
}

/** Parses the text of a policy; `path` is for messages, and JSON is taken as JSON when it ends in `.json`. */
export async function parsePolicyText(text: string, path = "policy"): Promise<unknown> {
  requireArguments("parsePolicyText", ["text", string, text], ["path", hostPath, path]);
  if (Buffer.byteLength(text) > LARGEST_POLICY) {
    throw new BulkheadError("POLICY_UNREADABLE", { path, detail: `larger than ${LARGEST_POLICY} bytes` });
  }
  try {
    if (path.endsWith(".json")) return JSON.parse(text);
    // Loaded only here: it costs more start-up time than everything else in a policy together.
    const { parse } = await import("./yaml.js");
    // An empty document is the empty policy. Aliases are off, since a few lines of them can expand to gigabytes.
    return parse(text, { maxAliasCount: 0, strict: true, uniqueKeys: true, prettyErrors: true }) ?? {};
  } catch (error) {
    throw syntaxError(path, text, error);
  }
}

/** With where in the text it stopped being a document. */
function syntaxError(path: string, text: string, error: unknown): BulkheadError {
  const said = error instanceof Error ? error.message : String(error);
  const detail = `${(said.split("\n", 1)[0] ?? "").replace(/:$/, "")}${/\bline \d/.test(said) ? "" : placeIn(text, said)}`;
  return new BulkheadError("POLICY_SYNTAX", { operation: "parse", path, detail, cause: error });
}

/** Of JSON's errors: some count characters, and those about a missing end say no place at all. */
function placeIn(text: string, said: string): string {
  const position = Number(/ position (\d+)/.exec(said)?.[1] ?? text.length);
  const lines = text.slice(0, position).split("\n");
  return ` at line ${lines.length}, column ${(lines.at(-1) ?? "").length + 1}`;
}
