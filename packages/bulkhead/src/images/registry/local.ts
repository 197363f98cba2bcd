import { isRegistry } from "../reference/name.js";
import { credentialsFor } from "./auth/credentials.js";
import type { Credentials } from "./auth/docker-config.js";
import type { RegistrySettings } from "./settings.js";
import { type HostCertificates, hostCertificates } from "./tls/host-directory.js";
import { registryRoots } from "./tls/roots.js";

/** What a registry's client needs of this machine: its client is elsewhere, in a process that can read none of it. */
export interface Local {
  /** The authorities that everything with TLS is checked against, as PEM. Throws REGISTRY_CERTIFICATES. */
  roots(): Promise<readonly string[]>;
  /** What is kept for one host. Client certificates only for the registry itself. Throws REGISTRY_CERTIFICATES. */
  certificates(host: string): Promise<HostCertificates>;
  /** Who the caller is to the registry, and to no other one. Throws REGISTRY_CREDENTIALS. */
  credentials(): Promise<Credentials | undefined>;
}

export function localFor(registry: string, settings: RegistrySettings, signal: AbortSignal | undefined): Local {
  return {
    roots: registryRoots,
    certificates: async (host) => {
      // The name becomes a path, and whoever asks may be hostile: nothing is kept for what could not be the name of a registry.
      if (!isRegistry(host)) return { authorities: [], clients: [] };
      const found = await hostCertificates(settings.certificates, host);
      return host === registry ? found : { ...found, clients: [] };
    },
    credentials: async () => await credentialsFor(registry, settings.dockerConfig, signal),
  };
}
