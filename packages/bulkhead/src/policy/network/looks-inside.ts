import type { NetworkRule, NetworkRules } from "./types.js";

/** Whether TLS of a sandbox is ended on the host, by an authority of the sandbox's own, which what is inside must then trust. */
export function looksInside(
  { allow, deny }: Pick<NetworkRules, "allow" | "deny">,
  secrets: readonly unknown[],
): boolean {
  return secrets.length > 0 || [...allow, ...deny].some(needsTlsToEnd);
}

function needsTlsToEnd({ protocol, methods, paths, intercept }: NetworkRule): boolean {
  return intercept || (protocol !== "http" && (methods !== null || paths !== null));
}
