import type { Endpoint } from "../endpoint.js";
import { unsafe } from "../failure.js";
import type { RegistrySettings } from "../settings.js";

/** Registries whose token server is at a host that does not look related. */
const KNOWN: Readonly<Record<string, string>> = { "docker.io": "https://auth.docker.io" };

/**
 * The token server that a registry names, which is a URL from a stranger. Anybody's that has TLS may be asked for a token for nobody in particular.
 * Throws REGISTRY_UNSAFE.
 */
export function realmUrl(endpoint: Endpoint, realm: string): URL {
  if (!URL.canParse(realm, endpoint.base.href)) throw unsafe("token server", endpoint.registry);
  const url = new URL(realm, endpoint.base);
  endpoint.checkUrl(url, endpoint.base);
  return url;
}

/**
 * Whether a token server may be told the registry's credentials: it is the registry itself, by origin; it was said so beforehand, here
 * or by the user; or it has TLS and its host is above or below the registry's (`gitlab.com` for `registry.gitlab.com`).
 *
 * The protocol leaves it to the registry to name anybody, and clients send the password along. So whoever can answer for a registry
 * once, without TLS most easily, has the password sent wherever they like.
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
