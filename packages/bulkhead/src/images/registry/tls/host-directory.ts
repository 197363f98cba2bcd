import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { readAuthority, readPem, unusable } from "./pem.js";

/** Content of Docker's and podman's `certs.d/HOST[:PORT]/` for one registry. */
export interface HostCertificates {
  /** CAs to trust for this registry, besides the others. */
  readonly authorities: readonly string[];
  /** Client certificates for it. */
  readonly clients: readonly { readonly cert: string; readonly key: string }[];
}

/**
 * Reads `*.crt` (CA certificates), and `*.cert` with the `*.key` of the same name (client certificates). A missing
 * directory counts as empty. `host` is a validated registry name, so it leads nowhere else. Throws
 * REGISTRY_CERTIFICATES.
 */
export async function hostCertificates(directories: readonly string[], host: string): Promise<HostCertificates> {
  const found = await Promise.all(directories.map((directory) => certificatesIn(join(directory, host))));
  return {
    authorities: found.flatMap(({ authorities }) => authorities),
    clients: found.flatMap(({ clients }) => clients),
  };
}

async function certificatesIn(directory: string): Promise<HostCertificates> {
  const names = [...(await readdir(directory).catch(missing(directory)))].sort();
  const authorities: string[] = [];
  const clients: { cert: string; key: string }[] = [];
  for (const name of names) {
    if (name.endsWith(".crt")) authorities.push(...(await readAuthority(join(directory, name))));
    if (!name.endsWith(".cert")) continue;
    const keyName = name.replace(/cert$/, "key");
    if (!names.includes(keyName)) throw unusable("read", join(directory, keyName), "missing");
    clients.push({ cert: await readPem(join(directory, name)), key: await readPem(join(directory, keyName)) });
  }
  return { authorities, clients };
}

function missing(directory: string) {
  return (error: NodeJS.ErrnoException): readonly string[] => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return [];
    throw unusable("read", directory, error.code ?? "failed");
  };
}
