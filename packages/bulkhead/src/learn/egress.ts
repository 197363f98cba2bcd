import { readRule } from "../policy/network/rule.js";
import type { Policy } from "../policy/schema.js";
import type { EgressLearned, Learned } from "./learned.js";

type Network = NonNullable<Policy["network"]>;
type Rule = NonNullable<Extract<Network, object>["allow"]>[number];

/**
 * The network of the least policy: the policy's rules that were used, each no wider than its use. Undefined if none was
 * used. Pure.
 */
export function learnedNetwork({ egress = [] }: Learned, network: Network | undefined): Network | undefined {
  if (network === undefined || network === "none" || egress.length === 0) return undefined;
  if (network === "full") return { allow: destinations(egress) };
  const allow = (network.allow ?? []).flatMap((written): Rule[] => {
    const rule = readRule(written, "allow");
    const through = typeof rule === "string" ? [] : egress.filter((each) => each.rule === rule.text);
    if (through.length === 0) return [];
    if (typeof written !== "string") return narrowed(written, through);
    // A rule with a path is more specific than host and port.
    return written.includes("://") ? [written] : destinations(through);
  });
  return { ...network, allow: [...new Map(allow.map((rule) => [JSON.stringify(rule), rule])).values()] };
}

/** The rule's other fields stay. */
function narrowed(written: Exclude<Rule, string>, through: readonly EgressLearned[]): Rule[] {
  const hosts = [...new Set(through.map(({ host }) => host))].sort();
  return hosts.map((host) => {
    const ports = through.flatMap((each) => (each.host === host ? [each.port] : []));
    return { ...written, host, ports: [...new Set(ports)].sort((one, other) => one - other) };
  });
}

function destinations(egress: readonly EgressLearned[]): string[] {
  const names = egress.map(({ host, port }) => (host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`));
  return [...new Set(names)].sort();
}
