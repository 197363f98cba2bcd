import { isRegistry } from "../reference/name.js";
import { credentialsFor } from "./auth/credentials.js";
import type { Credentials } from "./auth/docker-config.js";
import type { RegistrySettings } from "./settings.js";
import { type HostCertificates, hostCertificates } from "./tls/host-directory.js";
import { registryRoots } from "./tls/roots.js";

/** What a registry's client needs from this machine: the client runs in another process that can read none of it. */
export interface Local {
  /** The CAs for all TLS connections, as PEM. Throws REGISTRY_CERTIFICATES. */
  roots(): Promise<readonly string[]>;
  /** Certificates for one host. Client certificates only for the registry itself. Throws REGISTRY_CERTIFICATES. */
  certificates(host: string): Promise<HostCertificates>;
  /** The caller's credentials for this registry and no other. Throws REGISTRY_CREDENTIALS. */
  credentials(): Promise<Credentials | undefined>;
}

export function localFor(registry: string, settings: RegistrySettings, signal: AbortSignal | undefined): Local {
  return {
    roots: registryRoots,
    certificates: async (host) => {
      // The name becomes a path, and the client may be hostile: return nothing for an invalid registry name.
      if (!isRegistry(host)) return { authorities: [], clients: [] };
      const found = await hostCertificates(settings.certificates, host);
      return host === registry ? found : { ...found, clients: [] };
    },
    credentials: async () => await credentialsFor(registry, settings.dockerConfig, signal),
  };
}
