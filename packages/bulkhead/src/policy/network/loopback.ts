import { BlockList } from "node:net";
import type { NetworkRule, ResolvedNetwork } from "./types.js";

/** Names of the sandbox's own loopback for programs inside. */
const NAMES = ["localhost", "127.0.0.1", "::1"] as const;

/** A rule that turns a loopback name into the host's. */
export interface LoopbackRule {
  readonly name: (typeof NAMES)[number];
  /** The rule, as written. */
  readonly rule: string;
}

/**
 * Loopback names that rules allow. Such a name means the host's loopback: programs must use the proxy for it, and reach
 * the sandbox's own loopback by another name. A rule for every name does not count.
 */
export function loopbackRules(network: ResolvedNetwork): readonly LoopbackRule[] {
  if (network.kind !== "rules") return [];
  return NAMES.flatMap((name) => {
    const rule = network.allow.find((each) => means(each, name));
    return rule === undefined ? [] : [{ name, rule: rule.text }];
  });
}

/** The names that still mean the sandbox's own loopback. */
export function ownLoopback(network: ResolvedNetwork): readonly string[] {
  const taken = new Set<string>(loopbackRules(network).map(({ name }) => name));
  return NAMES.filter((name) => !taken.has(name));
}

function means({ host }: NetworkRule, name: LoopbackRule["name"]): boolean {
  if (host.kind === "name") return host.name === name;
  if (host.kind !== "range" || name === "localhost") return false;
  const family = name.includes(":") ? "ipv6" : "ipv4";
  // Only if the whole range is loopback: 0.0.0.0/0 does not name it.
  if (host.network.includes(":") !== (family === "ipv6") || host.prefix < (family === "ipv6" ? 128 : 8)) return false;
  const block = new BlockList();
  block.addSubnet(host.network, host.prefix, family);
  return block.check(name, family);
}
