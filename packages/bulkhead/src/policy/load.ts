import { dirname, resolve } from "node:path";
import { check } from "../arguments/check.js";
import { readGivenFile, type Unreadable } from "../arguments/given-file.js";
import { requireArguments } from "../arguments/require.js";
import { hostPath } from "../arguments/values.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { withAbsolutePaths } from "./absolute-paths.js";
import type { Policy } from "./schema.js";

const string = check<string>((value) => typeof value === "string", "the text of a policy");

/** Far above any policy that a person writes, and below what could be harmful to parse. */
const LARGEST_POLICY = 256 * 1024;

/**
 * Reads a policy file: YAML, or JSON, which is also YAML. Makes its relative paths absolute, because they are relative
 * to the file. The use of the policy validates it. Throws POLICY_UNREADABLE, and POLICY_SYNTAX if the file is not a
 * document.
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
  // The type is a claim: every use goes through `parsePolicy`, which validates it.
  return policy;
}

/** Parses the text of a policy; `path` is for messages, and a `.json` path selects JSON. */
export async function parsePolicyText(text: string, path = "policy"): Promise<unknown> {
  requireArguments("parsePolicyText", ["text", string, text], ["path", hostPath, path]);
  if (Buffer.byteLength(text) > LARGEST_POLICY) {
    throw new BulkheadError("POLICY_UNREADABLE", { path, detail: `larger than ${LARGEST_POLICY} bytes` });
  }
  try {
    if (path.endsWith(".json")) return JSON.parse(text);
    // Loaded on demand: it takes more start-up time than everything else about a policy together.
    const { parse } = await import("./yaml.js");
    // An empty document is the empty policy. Aliases are off, because a few lines of them can expand to gigabytes.
    return parse(text, { maxAliasCount: 0, strict: true, uniqueKeys: true, prettyErrors: true }) ?? {};
  } catch (error) {
    throw syntaxError(path, text, error);
  }
}

/** Names the place in the text of the syntax error. */
function syntaxError(path: string, text: string, error: unknown): BulkheadError {
  const said = error instanceof Error ? error.message : String(error);
  const detail = `${(said.split("\n", 1)[0] ?? "").replace(/:$/, "")}${/\bline \d/.test(said) ? "" : placeIn(text, said)}`;
  return new BulkheadError("POLICY_SYNTAX", { operation: "parse", path, detail, cause: error });
}

/** Some of JSON's errors count characters, and those about a missing end name no place. */
function placeIn(text: string, said: string): string {
  const position = Number(/ position (\d+)/.exec(said)?.[1] ?? text.length);
  const lines = text.slice(0, position).split("\n");
  return ` at line ${lines.length}, column ${(lines.at(-1) ?? "").length + 1}`;
}
