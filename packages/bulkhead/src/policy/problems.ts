import type * as z from "zod/mini";

/** One thing wrong with a document, and where. */
export interface Problem {
  /** `files[0].at`; empty for the document itself. */
  readonly path: string;
  readonly message: string;
}

/** Turns the issues of a schema into problems that name the field and say what it must be. */
export function problemsOf(issues: readonly z.core.$ZodIssue[]): readonly Problem[] {
  return issues.flatMap((issue) => {
    const path = pathOf(issue.path);
    switch (issue.code) {
      case "unrecognized_keys":
        return issue.keys.map((key) => ({ path: pathOf([...issue.path, key]), message: "no such field" }));
      case "invalid_type":
        return [{ path, message: `must be ${said(issue.message) ?? `of type ${issue.expected}`}` }];
      case "invalid_value":
        return [
          {
            path,
            message: `must be ${issue.values.length === 1 ? "" : "one of "}${issue.values.map(String).join(", ")}`,
          },
        ];
      case "invalid_union":
        return unionProblems(issue, path);
      case "invalid_key":
        return issue.issues.map(({ message }) => ({ path, message: `its name must be ${said(message) ?? "valid"}` }));
      case "too_small":
      case "too_big":
        return [{ path, message: `must ${said(issue.message) === undefined ? bound(issue) : `be ${issue.message}`}` }];
      default:
        return [{ path, message: `must be ${said(issue.message) ?? "valid"}` }];
    }
  });
}

/** One line for each problem. */
export function listProblems(problems: readonly Problem[]): string {
  return problems.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)).join("\n");
}

/**
 * Of a union, the one branch that the writer must have meant is worth more than "none matched": the branch that failed
 * deeper than its own type, or for an object's unknown or missing fields only.
 */
function unionProblems(issue: z.core.$ZodIssueInvalidUnion, path: string): readonly Problem[] {
  const meant = issue.errors.filter((branch) => branch.length > 0 && branch.every((one) => one.path.length > 0));
  const [only] = meant;
  if (meant.length === 1 && only !== undefined) {
    return problemsOf(only.map((one) => ({ ...one, path: [...issue.path, ...one.path] })));
  }
  return [{ path, message: `must be ${said(issue.message) ?? "valid"}` }];
}

/** Zod's own words: in its smallest build all the same, and where something else has loaded the other one, of regular expressions and types. */
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

function pathOf(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) => {
      if (typeof part === "number") return `[${part}]`;
      const name = String(part);
      if (!/^[A-Za-z_][\w.-]*$/.test(name)) return `[${JSON.stringify(name)}]`;
      return index === 0 ? name : `.${name}`;
    })
    .join("");
}
