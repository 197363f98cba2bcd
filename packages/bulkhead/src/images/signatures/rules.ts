import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { VerifyRule } from "../../policy/resolved.js";
import { type ImageName, parseImageName } from "../reference/name.js";

/**
 * The rule for an image in a registry; undefined if it may be unsigned. Throws SIGNATURE_RULE_MISSING if no rule covers
 * it: a policy that asks for signatures has not said that this image needs none.
 */
export function ruleFor(rules: readonly VerifyRule[] | null, name: ImageName): VerifyRule | undefined {
  if (rules === null) return undefined;
  const repository = repositoryOf(name);
  const rule = rules.find(({ match }) => matches(match, repository));
  if (rule === undefined) throw ruleMissing(repository);
  return rule.signer.kind === "unsigned" ? undefined : rule;
}

/**
 * The same for `oci:PATH` and `docker-archive:PATH`, which a pattern can name too. Throws also SIGNATURE_UNVERIFIABLE.
 */
export function requireNoRule(rules: readonly VerifyRule[] | null, source: string): void {
  if (rules === null) return;
  const rule = rules.find(({ match }) => match.includes("*") && pattern(match).test(source));
  if (rule === undefined) throw ruleMissing(source);
  if (rule.signer.kind === "unsigned") return;
  throw new BulkheadError("SIGNATURE_UNVERIFIABLE", { operation: "verify image", path: source });
}

export function repositoryOf({ registry, repository }: Pick<ImageName, "registry" | "repository">): string {
  return `${registry}/${repository}`;
}

/** `*` stands for anything, including several parts of a name. */
export function pattern(text: string): RegExp {
  return new RegExp(`^${text.split("*").map(literal).join(".*")}$`, "s");
}

function matches(match: string, repository: string): boolean {
  if (match.includes("*")) return pattern(match).test(repository);
  return repositoryOf(parseImageName(match)) === repository;
}

function literal(text: string): string {
  return text.replace(/[\\^$.|?+()[\]{}]/g, "\\$&");
}

function ruleMissing(path: string): BulkheadError {
  return new BulkheadError("SIGNATURE_RULE_MISSING", { operation: "verify image", path });
}
