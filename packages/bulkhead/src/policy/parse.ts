import { requireArguments } from "../arguments/require.js";
import { hostPath, object } from "../arguments/values.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { inconsistencies } from "./consistency.js";
import { listProblems, type Problem, problemsOf } from "./problems.js";
import { resolvePolicy } from "./resolve.js";
import type { ResolvedPolicy } from "./resolved.js";
import { chooseRoot } from "./root-choice.js";
import { checkPolicy } from "./schema.js";

export interface ParseOptions {
  /** Directory for relative host paths in the policy. Default: the current directory. */
  readonly directory?: string;
}

const parseOptions = object<ParseOptions>({ directory: hostPath });

/**
 * Validates a policy (a `Policy`, or anything that claims to be one) and fills in its defaults.
 *
 * Throws POLICY_INVALID with every problem and its path, one per line, in `detail`.
 */
export function parsePolicy(policy: unknown, options: ParseOptions = {}): ResolvedPolicy {
  requireArguments("parsePolicy", ["options", parseOptions, options]);
  const directory = options.directory ?? process.cwd();
  const checked = checkPolicy(policy);
  if (!checked.success) throw invalid(problemsOf(checked.error.issues, policy));
  const root = chooseRoot(checked.data, directory);
  const problems = [...(isProblem(root) ? [root] : []), ...inconsistencies(checked.data)];
  if (isProblem(root) || problems.length > 0) throw invalid(problems);
  return resolvePolicy(checked.data, root, directory);
}

function isProblem(value: object): value is Problem {
  return "message" in value;
}

function invalid(problems: readonly Problem[]): BulkheadError {
  return new BulkheadError("POLICY_INVALID", { detail: listProblems(problems) });
}
