import { readdir } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { rootCertificates } from "node:tls";
import { readCertificates } from "./pem.js";

/** CA bundles of distributions: Debian, Fedora, SUSE, Alpine. */
const BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
] as const;

/**
 * The CAs for registries, as PEM: those of SSL_CERT_FILE and SSL_CERT_DIR if set, as with OpenSSL and Docker, else the
 * distribution's, else Node's; plus those of NODE_EXTRA_CA_CERTS. A file that a variable names must exist and contain
 * certificates. Throws REGISTRY_CERTIFICATES.
 */
export async function registryRoots(): Promise<readonly string[]> {
  const file = process.env["SSL_CERT_FILE"] ?? "";
  const directories = (process.env["SSL_CERT_DIR"] ?? "").split(delimiter).filter((path) => path !== "");
  const extra = process.env["NODE_EXTRA_CA_CERTS"] ?? "";
  const named = [
    ...(file === "" ? [] : await readCertificates(file)),
    ...(await Promise.all(directories.map(certificatesBelow))).flat(),
  ];
  const usual = file === "" && directories.length === 0 ? await usualRoots() : named;
  return [...new Set([...usual, ...(extra === "" ? [] : await readCertificates(extra))])];
}

async function usualRoots(): Promise<readonly string[]> {
  for (const path of BUNDLES) {
    const found = await readCertificates(path).catch(() => []);
    if (found.length > 0) return found;
  }
  return rootCertificates;
}

/** Such directories also contain dangling links and notes; skip them, as OpenSSL does. */
async function certificatesBelow(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory).catch(() => []);
  const found = await Promise.all(names.map((name) => readCertificates(join(directory, name)).catch(() => [])));
  return found.flat();
}
