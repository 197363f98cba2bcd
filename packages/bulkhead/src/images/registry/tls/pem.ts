import { X509Certificate } from "node:crypto";
import { BulkheadError } from "../../../errors/bulkhead-error.js";
import { readBounded } from "../../files/bounded.js";

/** CA bundles of distributions have about 220 KiB. */
const LARGEST = 8 * 1024 * 1024;
const CERTIFICATE =
  /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[A-Za-z0-9+/=\r\n]+-----END (?:TRUSTED )?CERTIFICATE-----/g;

/**
 * Reads a file that the user or an administrator provided. Throws REGISTRY_CERTIFICATES, which never quotes its
 * content.
 */
export async function readPem(path: string): Promise<string> {
  return await readBounded(path, LARGEST).catch((error: NodeJS.ErrnoException) => {
    throw unusable("read", path, error.code ?? "too large");
  });
}

/**
 * The certificates of a bundle. An invalid one, or an empty bundle, is an error; OpenSSL would skip it. Throws
 * REGISTRY_CERTIFICATES.
 */
export async function readCertificates(path: string): Promise<readonly string[]> {
  const found = (await readPem(path)).match(CERTIFICATE) ?? [];
  if (found.length === 0) throw unusable("parse", path, "no certificate in PEM");
  return found;
}

/** As `readCertificates`, for the few CA certificates of one registry: each must be valid. */
export async function readAuthority(path: string): Promise<readonly string[]> {
  const found = await readCertificates(path);
  try {
    for (const one of found) new X509Certificate(one);
  } catch {
    throw unusable("parse", path, "not a certificate");
  }
  return found;
}

export function unusable(operation: string, path: string, detail: string): BulkheadError {
  return new BulkheadError("REGISTRY_CERTIFICATES", { operation, path, detail });
}
