import { classify } from "../../addresses/classify.js";
import { isPrivate } from "../../addresses/special.js";

/** How far away an address is. `never`: nothing that Bulkhead is told from outside may lead there. */
export type Reach = "loopback" | "private" | "public" | "never";

/** Nobody's on the internet, but in use within networks. */
const ALSO_PRIVATE: ReadonlySet<string> = new Set(["benchmarks", "protocol assignments"]);

/**
 * Classifies an address, `never` for what is none, and for where clouds answer with a machine's credentials. An IPv4 address in the clothes of
 * an IPv6 one counts as what it is, or is `never` where nothing but a trick would lead there by it (6to4).
 */
export function reachOf(address: string): Reach {
  const found = classify(address);
  if (found === undefined) return "never";
  const { special } = found;
  if (special === null || special === "loopback") return special ?? "public";
  return isPrivate(special) || ALSO_PRIVATE.has(special) ? "private" : "never";
}
