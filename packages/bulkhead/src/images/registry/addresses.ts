import { classify } from "../../addresses/classify.js";
import { isPrivate } from "../../addresses/special.js";

/** How far away an address is. `never`: no outside party may direct Bulkhead there. */
export type Reach = "loopback" | "private" | "public" | "never";

/** Not routed on the internet, but used within networks. */
const ALSO_PRIVATE: ReadonlySet<string> = new Set(["benchmarks", "protocol assignments"]);

/**
 * Classifies an address: `never` if it is invalid, or if clouds give out a machine's credentials there. An IPv4 address
 * encoded as an IPv6 one counts as what it is, or is `never` if only a trick would lead there (6to4).
 */
export function reachOf(address: string): Reach {
  const found = classify(address);
  if (found === undefined) return "never";
  const { special } = found;
  if (special === null || special === "loopback") return special ?? "public";
  return isPrivate(special) || ALSO_PRIVATE.has(special) ? "private" : "never";
}
