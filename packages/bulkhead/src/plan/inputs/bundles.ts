import { rulesFor } from "../../policy/network/full.js";
import { looksInside } from "../../policy/network/looks-inside.js";
import type { ResolvedPolicy } from "../../policy/resolved.js";

/**
 * Files in which distributions keep the CAs that their programs trust, without the many links to them: Debian and
 * Alpine, Fedora and its derivatives, their older releases, SUSE, Arch, and systems with one file for all of OpenSSL.
 */
export const BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/var/lib/ca-certificates/ca-bundle.pem",
  "/etc/ca-certificates/extracted/tls-ca-bundle.pem",
  "/etc/ssl/cert.pem",
] as const;

/** The CA bundles that a policy covers if a root has them: none, if its workload need not trust Bulkhead's CA. */
export function coveredBundles({ network, secrets }: Pick<ResolvedPolicy, "network" | "secrets">): readonly string[] {
  const rules = rulesFor(network);
  return rules !== null && looksInside(rules, secrets) ? BUNDLES : [];
}
