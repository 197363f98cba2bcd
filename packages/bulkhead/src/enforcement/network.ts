import { loopbackRules, ownLoopback } from "../policy/network/loopback.js";
import type { ResolvedNetwork } from "../policy/network/types.js";
import { type EnforcementTable, enforced, type Verdict, weaker } from "./enforcement.js";

/** Adds to the network line what the policy opens on purpose, beside the mechanism that keeps the rest closed. */
export function withNetwork(table: EnforcementTable, network: ResolvedNetwork): EnforcementTable {
  if (network.kind === "none") return table;
  const protections = table.protections.map((line) =>
    line.protection === "network" && line.status === "enforced" ? { ...line, ...verdict(line.by, network) } : line,
  );
  return { ...table, protections };
}

function verdict(by: string, network: Exclude<ResolvedNetwork, { readonly kind: "none" }>): Verdict {
  if (network.kind === "full") {
    return weaker(
      `${by}; TCP goes out through the channel, to public addresses only`,
      "network: full lets the workload reach every public host",
      "Name the hosts that the workload needs in `network.allow`.",
    );
  }
  const rules = network.allow.length;
  return enforced(
    `${by}; TCP goes out through the channel, to hosts that ${rules} rule${rules === 1 ? "" : "s"} allow${rules === 1 ? "s" : ""}${loopbackNote(network)}`,
  );
}

/** Says so where a rule turns a loopback name into the host's: a caller with a server inside has to know. */
function loopbackNote(network: ResolvedNetwork): string {
  const [first] = loopbackRules(network);
  if (first === undefined) return "";
  const names = loopbackRules(network).map(({ name }) => name);
  const own = ownLoopback(network);
  const left = own.length === 0 ? "under no name" : `as ${own.join(" or ")}`;
  return `; for programs that heed the proxy ${names.join(" and ")} ${names.length === 1 ? "is" : "are"} this host's, by rule ${first.rule}, and the sandbox's own servers are reached ${left}`;
}
