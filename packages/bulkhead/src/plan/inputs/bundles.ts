import { rulesFor } from "../../policy/network/full.js";
import { looksInside } from "../../policy/network/looks-inside.js";
import type { ResolvedPolicy } from "../../policy/resolved.js";

/**
 * Files in which distributions keep the authorities that their programs trust, and none of the many links to them: Debian and Alpine, Fedora
 * and its kin, their elders, SUSE, Arch, and systems with a file for all of OpenSSL.
 */
export const BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/var/lib/ca-certificates/ca-bundle.pem",
  "/etc/ca-certificates/extracted/tls-ca-bundle.pem",
  "/etc/ssl/cert.pem",
] as const;

/** The bundles that a policy has covered where a root has them: none, where its workload needs to trust nobody of ours. */
export function coveredBundles({ network, secrets }: Pick<ResolvedPolicy, "network" | "secrets">): readonly string[] {
  const rules = rulesFor(network);
  return rules !== null && looksInside(rules, secrets) ? BUNDLES : [];
}
