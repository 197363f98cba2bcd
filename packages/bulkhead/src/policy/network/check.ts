import type { Problem } from "../problems.js";
import type { CheckedPolicy } from "../schema.js";
import { type Effect, readRule } from "./rule.js";
import { isReachable, readSecretHost, secretProblem } from "./secret.js";
import type { NetworkRule, SecretHost } from "./types.js";

/** Problems with the rules and secrets of a policy whose shape is valid. */
export function networkProblems({ network, secrets = {}, env = {} }: CheckedPolicy): readonly Problem[] {
  const rules = typeof network === "object" ? network : {};
  const problems = [...ruleProblems(rules.allow, "allow"), ...ruleProblems(rules.deny, "deny")];
  const allow = (rules.allow ?? []).map((rule) => readRule(rule, "allow")).filter((rule) => typeof rule !== "string");
  for (const [name, secret] of Object.entries(secrets)) {
    const path = ["secrets", name];
    const problem = secretProblem(secret);
    if (problem !== undefined) problems.push({ path, message: problem });
    if (name in env) problems.push({ path, message: `env sets ${name} already` });
    for (const [index, text] of secret.hosts.entries()) {
      const message = secretHostProblem(readSecretHost(text), allow);
      if (message !== undefined) problems.push({ path: [...path, "hosts", index], message });
    }
  }
  return problems;
}

/** A secret that no rule lets out is a mistake, and a run with it would fail in a way that is hard to understand. */
function secretHostProblem(host: SecretHost | string, allow: readonly NetworkRule[]): string | undefined {
  if (typeof host === "string") return host;
  return allow.some((rule) => isReachable(host, rule))
    ? undefined
    : `no rule of network.allow lets HTTPS through to ${host.text}`;
}

function ruleProblems(rules: readonly Parameters<typeof readRule>[0][] | undefined, effect: Effect): Problem[] {
  return (rules ?? []).flatMap((written, index) => {
    const rule = readRule(written, effect);
    return typeof rule === "string" ? [{ path: ["network", effect, index], message: rule }] : [];
  });
}
