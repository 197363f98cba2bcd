import { parse } from "tldts";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { HostPattern, NetworkRule, Secret } from "../../policy/network/types.js";

/**
 * Refuses wildcards below which anyone may register a name (`*.com`, `*.github.io`): they look like a restriction but
 * are none. One that denies may be as wide as it likes.
 *
 * @throws BulkheadError POLICY_INVALID
 */
export function checkWildcards(
  allow: readonly NetworkRule[],
  secrets: readonly Pick<Secret, "name" | "hosts">[],
): void {
  const problems = [
    ...allow.flatMap(({ host }, index) => (isTooWide(host) ? [`network.allow[${index}]: ${because(host)}`] : [])),
    ...secrets.flatMap(({ name, hosts }) =>
      hosts.flatMap(({ host }, index) =>
        isTooWide(host) ? [`secrets.${name}.hosts[${index}]: ${because(host)}`] : [],
      ),
    ),
  ];
  if (problems.length > 0) throw new BulkheadError("POLICY_INVALID", { detail: problems.join("\n") });
}

function isTooWide(host: HostPattern): boolean {
  return (
    host.kind === "below" && parse(host.name, { allowPrivateDomains: true, validateHostname: false }).domain === null
  );
}

function because(host: HostPattern): string {
  const name = host.kind === "below" ? host.name : "";
  return `anybody can have a name below ${name}: name the hosts, or use "*" for all`;
}
