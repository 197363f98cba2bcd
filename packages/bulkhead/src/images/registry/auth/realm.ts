import type { Endpoint } from "../endpoint.js";
import { unsafe } from "../failure.js";
import type { RegistrySettings } from "../settings.js";

/** Registries whose token server's host does not look related. */
const KNOWN: Readonly<Record<string, string>> = { "docker.io": "https://auth.docker.io" };

/**
 * The token server that a registry names: a URL from an untrusted party. Any server with TLS may be asked for an
 * anonymous token. Throws REGISTRY_UNSAFE.
 */
export function realmUrl(endpoint: Endpoint, realm: string): URL {
  if (!URL.canParse(realm, endpoint.base.href)) throw unsafe("token server", endpoint.registry);
  const url = new URL(realm, endpoint.base);
  endpoint.checkUrl(url, endpoint.base);
  return url;
}

/**
 * Whether a token server may receive the registry's credentials: if it is the registry itself, by origin; if it was
 * named beforehand, here or by the user; or if it has TLS and its host is above or below the registry's (`gitlab.com`
 * for `registry.gitlab.com`).
 *
 * The protocol lets the registry name any server, and clients send the password there. So an attacker who can answer
 * for a registry once, most easily without TLS, can have the password sent anywhere.
 */
export function mayHaveCredentials(
  endpoint: Endpoint,
  realm: URL,
  { tokenServers }: Pick<RegistrySettings, "tokenServers">,
): boolean {
  const { registry, base } = endpoint;
  if (endpoint.isOwn(realm) || tokenServers.has(`${registry}=${realm.origin}`)) return true;
  if (Object.hasOwn(KNOWN, registry) && KNOWN[registry] === realm.origin) return true;
  const plainPorts = realm.port === "" && base.port === "";
  return (
    base.protocol === "https:" && realm.protocol === "https:" && plainPorts && related(realm.hostname, base.hostname)
  );
}

function related(one: string, other: string): boolean {
  const [longer, shorter] = one.length > other.length ? [one, other] : [other, one];
  return shorter.includes(".") && longer.endsWith(`.${shorter}`);
}
