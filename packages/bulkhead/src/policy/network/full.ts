import { readRule } from "./rule.js";
import type { NetworkRule, NetworkRules, ResolvedNetwork } from "./types.js";

/**
 * Every name and every public address, at every port. Ranges this wide do not include addresses that are not public.
 */
const EVERYTHING = ["*", "0.0.0.0/0", "::/0"];

let everything: readonly NetworkRule[] | undefined;

/** Read when it is needed first: Node's check of addresses takes milliseconds to make. */
function readEverything(): readonly NetworkRule[] {
  const rules = EVERYTHING.map((host) => readRule({ host, ports: "*", protocol: "tcp" }, "allow"));
  return rules.filter((rule) => typeof rule !== "string");
}

/** The rules of a policy's network; null if it allows no egress. */
export function rulesFor(network: ResolvedNetwork): NetworkRules | null {
  switch (network.kind) {
    case "none":
      return null;
    case "rules":
      return network;
    case "full":
      everything ??= readEverything();
      return { ...network, allow: everything };
  }
}
