import type * as z from "zod/mini";
import { meantField, meantWord, valueAt } from "./suggestions.js";

/** One problem in a document, and its place. */
export interface Problem {
  /** Fields and indices from the document down; empty for the document itself. */
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/**
 * Turns a schema's issues with `document` into problems that name the field, the valid values, and the likely
 * intention.
 */
export function problemsOf(issues: readonly z.core.$ZodIssue[], document: unknown): readonly Problem[] {
  return issues.flatMap((issue) => {
    const { path } = issue;
    const meant = asMeant(meantWord(issue.path, valueAt(document, issue.path)));
    const must = (what: string): readonly Problem[] => [{ path, message: `must be ${what}${meant}` }];
    switch (issue.code) {
      case "unrecognized_keys":
        return issue.keys.map((key) => ({
          path: [...path, key],
          message: `no such field${asMeant(meantField(issue.path, key))}`,
        }));
      case "invalid_type":
        return must(said(issue.message) ?? `of type ${issue.expected}`);
      case "invalid_value":
        return must(`${issue.values.length === 1 ? "" : "one of "}${issue.values.map(String).join(", ")}`);
      case "invalid_union":
        return (
          branchMeant(issue, document) ?? [...must(said(issue.message) ?? "valid"), ...misspelt(issue.path, document)]
        );
      case "invalid_key":
        return issue.issues.map(({ message }) => ({ path, message: `its name must be ${said(message) ?? "valid"}` }));
      case "too_small":
      case "too_big":
        return [{ path, message: `must ${said(issue.message) === undefined ? bound(issue) : `be ${issue.message}`}` }];
      default:
        return must(said(issue.message) ?? "valid");
    }
  });
}

/** If no alternative is close enough: a field that is close to one of any alternative. */
function misspelt(path: readonly PropertyKey[], document: unknown): readonly Problem[] {
  const value = valueAt(document, path);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  return Object.keys(value).flatMap((key) => {
    const meant = meantField(path, key);
    return meant === undefined || meant === key
      ? []
      : [{ path: [...path, key], message: `no such field${asMeant(meant)}` }];
  });
}

function asMeant(name: string | undefined): string {
  return name === undefined ? "" : ` (did you mean ${name}?)`;
}

/** One line for each problem. */
export function listProblems(problems: readonly Problem[]): string {
  return problems.map(({ path, message }) => [pathOf(path), message].filter(Boolean).join(": ")).join("\n");
}

/**
 * For a union, the one branch that the writer must have meant tells more than "none matched": the branch that failed
 * deeper than its own type, or only because of an object's unknown or missing fields.
 */
function branchMeant(issue: z.core.$ZodIssueInvalidUnion, document: unknown): readonly Problem[] | undefined {
  const meant = issue.errors.filter((branch) => branch.length > 0 && branch.every((one) => one.path.length > 0));
  const [only] = meant;
  if (meant.length !== 1 || only === undefined) return undefined;
  return problemsOf(
    only.map((one) => ({ ...one, path: [...issue.path, ...one.path] })),
    document,
  );
}

/**
 * Zod's own messages: all are the same in its smallest build; if something else has loaded the full one, they mention
 * regular expressions and types.
 */
const ZODS_OWN = /^(Invalid|Too (small|big)|Unrecognized)\b/;

function said(message: string): string | undefined {
  return message === "" || ZODS_OWN.test(message) ? undefined : message;
}

/** Completes "must …". */
function bound(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  const limit = issue.code === "too_small" ? `at least ${issue.minimum}` : `at most ${issue.maximum}`;
  switch (issue.origin) {
    case "string":
      return `have ${limit} characters`;
    case "array":
    case "set":
    case "map":
      return `have ${limit} entries`;
    default:
      return `be ${limit}`;
  }
}

/** A path as problems show it: `files[0].at`, `env["A B"]`. */
export function pathOf(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) => {
      if (typeof part === "number") return `[${part}]`;
      const name = String(part);
      if (!/^[A-Za-z_][\w.-]*$/.test(name)) return `[${JSON.stringify(name)}]`;
      return index === 0 ? name : `.${name}`;
    })
    .join("");
}
