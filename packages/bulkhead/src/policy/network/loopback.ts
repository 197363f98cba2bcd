import { BlockList } from "node:net";
import type { NetworkRule, ResolvedNetwork } from "./types.js";

/** How programs inside name the sandbox's own loopback. */
const NAMES = ["localhost", "127.0.0.1", "::1"] as const;

/** A name of loopback that a rule means this host's by. */
export interface LoopbackRule {
  readonly name: (typeof NAMES)[number];
  /** The rule, as it was written. */
  readonly rule: string;
}

/**
 * Names of loopback that rules allow: under these the host's own is meant, so programs must ask the proxy for them, and the sandbox's own has to be
 * reached by another. A rule for every name does not name it.
 */
export function loopbackRules(network: ResolvedNetwork): readonly LoopbackRule[] {
  if (network.kind !== "rules") return [];
  return NAMES.flatMap((name) => {
    const rule = network.allow.find((each) => means(each, name));
    return rule === undefined ? [] : [{ name, rule: rule.text }];
  });
}

/** The names that are the sandbox's own loopback still. */
export function ownLoopback(network: ResolvedNetwork): readonly string[] {
  const taken = new Set<string>(loopbackRules(network).map(({ name }) => name));
  return NAMES.filter((name) => !taken.has(name));
}

function means({ host }: NetworkRule, name: LoopbackRule["name"]): boolean {
  if (host.kind === "name") return host.name === name;
  if (host.kind !== "range" || name === "localhost") return false;
  const family = name.includes(":") ? "ipv6" : "ipv4";
  // Only where all of it is loopback: 0.0.0.0/0 does not name it.
  if (host.network.includes(":") !== (family === "ipv6") || host.prefix < (family === "ipv6" ? 128 : 8)) return false;
  const block = new BlockList();
  block.addSubnet(host.network, host.prefix, family);
  return block.check(name, family);
}
