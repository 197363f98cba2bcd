import { promises } from "node:fs";
import { rootCertificates } from "node:tls";

/** CA bundles of distributions: Debian, Fedora, SUSE, Alpine. */
const BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
] as const;

const CERTIFICATE = /-----BEGIN CERTIFICATE-----\r?\n[A-Za-z0-9+/=\r\n]+-----END CERTIFICATE-----/g;

/**
 * The CAs that this host trusts, as PEM, one each: the distribution's, else Node's; plus those of NODE_EXTRA_CA_CERTS.
 */
export async function hostRoots(): Promise<readonly string[]> {
  const system = await firstReadable(BUNDLES);
  const extra = process.env["NODE_EXTRA_CA_CERTS"];
  const more = extra === undefined ? [] : await firstReadable([extra]);
  // Often the same file under two names.
  return [...new Set([...(system.length > 0 ? system : rootCertificates), ...more])];
}

/** The certificates of a bundle, without the text between them. */
export function certificatesIn(text: string): readonly string[] {
  return (text.match(CERTIFICATE) ?? []).map((one) => one.replaceAll("\r", ""));
}

async function firstReadable(paths: readonly string[]): Promise<readonly string[]> {
  for (const path of paths) {
    const text = await promises.readFile(path, "utf8").catch(() => "");
    const found = certificatesIn(text);
    if (found.length > 0) return found;
  }
  return [];
}
