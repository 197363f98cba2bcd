// The next package requires it to be loaded first.
import "reflect-metadata";
import { randomBytes, webcrypto } from "node:crypto";
import { isIP } from "node:net";
import { createSecureContext, type SecureContext } from "node:tls";
import * as x509 from "@peculiar/x509";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 86_400_000;
/** Longer than any sandbox should live; the key ends with it. */
const VALID_DAYS = 30;
const MOST_HOSTS = 4096;

/** A sandbox's CA, in the memory of this process only. Only the sandbox trusts it; its key never leaves the process. */
export class Authority {
  /** PEM: the certificate that the sandbox trusts. */
  readonly certificate: string;
  readonly #ca: x509.X509Certificate;
  readonly #caKey: webcrypto.CryptoKey;
  readonly #leafKeys: webcrypto.CryptoKeyPair;
  readonly #leafKey: string;
  readonly #contexts = new Map<string, Promise<SecureContext>>();

  private constructor(
    ca: x509.X509Certificate,
    caKey: webcrypto.CryptoKey,
    leafKeys: webcrypto.CryptoKeyPair,
    leafKey: string,
  ) {
    this.certificate = ca.toString("pem");
    this.#ca = ca;
    this.#caKey = caKey;
    this.#leafKeys = leafKeys;
    this.#leafKey = leafKey;
  }

  static async create(): Promise<Authority> {
    const [caKeys, leafKeys] = await Promise.all([newKeys(), newKeys()]);
    const ca = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: serialNumber(),
      name: `CN=Bulkhead sandbox ${randomBytes(4).toString("hex")}`,
      ...validity(),
      signingAlgorithm: ALGORITHM,
      keys: caKeys,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
        await x509.SubjectKeyIdentifierExtension.create(caKeys.publicKey),
      ],
    });
    const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", leafKeys.privateKey));
    const pem = `-----BEGIN PRIVATE KEY-----\n${der.toString("base64")}\n-----END PRIVATE KEY-----\n`;
    return new Authority(ca, caKeys.privateKey, leafKeys, pem);
  }

  /** The certificate and key of a server named `host`: a name or an address in its normal form. */
  async contextFor(host: string): Promise<SecureContext> {
    const found = this.#contexts.get(host);
    if (found !== undefined) return await found;
    if (this.#contexts.size >= MOST_HOSTS) this.#contexts.clear();
    const made = this.#makeContext(host);
    this.#contexts.set(host, made);
    made.catch(() => this.#contexts.delete(host));
    return await made;
  }

  async #makeContext(host: string): Promise<SecureContext> {
    const leaf = await x509.X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      // A common name has at most 64 characters; the alternative name contains the host.
      subject: "CN=Bulkhead",
      issuer: this.#ca.subject,
      ...validity(),
      signingAlgorithm: ALGORITHM,
      publicKey: this.#leafKeys.publicKey,
      signingKey: this.#caKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension([{ type: isIP(host) === 0 ? "dns" : "ip", value: host }]),
        await x509.AuthorityKeyIdentifierExtension.create(this.#ca),
      ],
    });
    const certificate = `${leaf.toString("pem")}\n${this.certificate}\n`;
    return createSecureContext({ key: this.#leafKey, cert: certificate, minVersion: "TLSv1.2" });
  }
}

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

/** A small clock difference inside must not make it invalid. */
function validity() {
  return { notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + VALID_DAYS * DAY_MS) };
}

/** Positive, and of a length that every parser accepts. */
function serialNumber(): string {
  return `01${randomBytes(15).toString("hex")}`;
}
