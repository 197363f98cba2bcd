import { DEFAULT_NETWORK_LIMITS } from "../defaults.js";
import type { CheckedPolicy } from "../schema.js";
import { type Effect, readRule, type WrittenRule } from "./rule.js";
import type { NetworkLimits, NetworkRule, ResolvedNetwork } from "./types.js";

type Written = Exclude<NonNullable<CheckedPolicy["network"]>, string>;

/** Reads the rules of a valid policy. A policy that allows nothing yet may be changed later. */
export function resolveNetwork(network: CheckedPolicy["network"]): ResolvedNetwork {
  if (network === "full") return { kind: "full", deny: [], limits: limitsOf(undefined) };
  if (network === undefined || network === "none") return { kind: "none" };
  return {
    kind: "rules",
    allow: rulesOf(network.allow, "allow"),
    deny: rulesOf(network.deny, "deny"),
    limits: limitsOf(network.limits),
  };
}

function rulesOf(written: readonly (string | WrittenRule)[] | undefined, effect: Effect): readonly NetworkRule[] {
  return (written ?? []).map((rule) => readRule(rule, effect)).filter((rule) => typeof rule !== "string");
}

function limitsOf(limits: Written["limits"]): NetworkLimits {
  return {
    connections: limits?.connections ?? DEFAULT_NETWORK_LIMITS.connections,
    bytesPerSecond: limits?.bandwidth ?? null,
    bytes: limits?.bytes ?? null,
    idleMs: limits?.idle ?? DEFAULT_NETWORK_LIMITS.idleMs,
  };
}
