import { parsePolicy, type ResolvedPolicy } from "bulkhead/policy";

type Network = ResolvedPolicy["network"];
type Rule = Extract<Network, { kind: "rules" }>["allow"][number];

/** The rules of `network` that no rule of the floor covers, as written. */
export function beyond(network: Network, allow: readonly string[]): readonly string[] {
  if (network.kind === "none") return [];
  if (network.kind === "full") return ["full"];
  const floor = parsePolicy({ network: { allow: [...allow] } }).network;
  const permitted = floor.kind === "rules" ? floor.allow : [];
  return network.allow.filter((rule) => !permitted.some((wider) => covers(wider, rule))).map(({ text }) => text);
}

/**
 * Whether every connection that `rule` allows is one that `wider` allows. Where the answer needs more than a comparison
 * of names and ports, it is no. A floor's rule is text, so it never has `private`: a project reaches the host's own
 * networks only at the addresses that its floor names.
 */
function covers(wider: Rule, rule: Rule): boolean {
  return (
    hostCovers(wider.host, rule.host) &&
    rule.ports.every(({ from, to }) => wider.ports.some((range) => range.from <= from && to <= range.to)) &&
    protocolCovers(wider.protocol, rule.protocol) &&
    (wider.paths === null || (rule.paths?.every((path) => wider.paths?.includes(path)) ?? false)) &&
    wider.methods === null &&
    !rule.private
  );
}

/** Without a protocol a rule means HTTP and TLS, whose names the gate checks. It does not look into `tcp`. */
function protocolCovers(wider: Rule["protocol"], protocol: Rule["protocol"]): boolean {
  return wider === protocol || (wider === null && protocol !== "tcp");
}

function hostCovers(wider: Rule["host"], host: Rule["host"]): boolean {
  switch (wider.kind) {
    case "any":
      // For the gate `*` is every name and no address, while a rule with an address also permits one that is private.
      return host.kind !== "range";
    case "name":
      return host.kind === "name" && host.name === wider.name;
    case "below":
      return (host.kind === "name" || host.kind === "below") && host.name.endsWith(`.${wider.name}`)
        ? true
        : host.kind === "below" && host.name === wider.name;
    case "range":
      return host.kind === "range" && host.network === wider.network && host.prefix === wider.prefix;
  }
}
