import { DOCKER_HUB } from "../../reference/name.js";
import { type Credentials, keysFor, readDockerConfig, storedCredentials } from "./docker-config.js";
import { askHelper } from "./helper.js";

/**
 * The caller's credentials for a registry, from Docker's configuration: the helper for that registry, the helper for
 * all, then the file. Undefined if there are none. Throws REGISTRY_CREDENTIALS.
 */
export async function credentialsFor(
  registry: string,
  directory: string | undefined,
  signal?: AbortSignal,
): Promise<Credentials | undefined> {
  const config = await readDockerConfig(directory);
  const own = keysFor(registry).find((key) => Object.hasOwn(config.credHelpers, key));
  const helper = own === undefined ? config.credsStore : config.credHelpers[own];
  if (helper !== undefined) {
    const key = own ?? (registry === DOCKER_HUB ? "https://index.docker.io/v1/" : registry);
    const found = await askHelper(helper, key, signal);
    if (found !== undefined) return found;
  }
  return storedCredentials(config, registry);
}
