import type { NetworkRule, NetworkRules } from "./types.js";

/** Whether a sandbox's TLS ends on the host, with a CA of its own that the workload must then trust. */
export function looksInside(
  { allow, deny }: Pick<NetworkRules, "allow" | "deny">,
  secrets: readonly unknown[],
): boolean {
  return secrets.length > 0 || [...allow, ...deny].some(needsTlsToEnd);
}

function needsTlsToEnd({ protocol, methods, paths, intercept }: NetworkRule): boolean {
  return intercept || (protocol !== "http" && (methods !== null || paths !== null));
}
