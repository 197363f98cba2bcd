import { readRule } from "./rule.js";
import type { NetworkRules, ResolvedNetwork } from "./types.js";

/**
 * Every name and every public address, at every port. Ranges this wide do not include addresses that are not public.
 */
const EVERYTHING = ["*", "0.0.0.0/0", "::/0"].map((host) => readRule({ host, ports: "*", protocol: "tcp" }, "allow"));

/** The rules of a policy's network; null if it allows no egress. */
export function rulesFor(network: ResolvedNetwork): NetworkRules | null {
  switch (network.kind) {
    case "none":
      return null;
    case "rules":
      return network;
    case "full":
      return { ...network, allow: EVERYTHING.filter((rule) => typeof rule !== "string") };
  }
}
