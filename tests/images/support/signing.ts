import { execFileSync } from "node:child_process";
import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, sign, X509Certificate } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const SIMPLE = "application/vnd.dev.cosign.simplesigning.v1+json";
export const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";

/** The document that cosign signs. */
export function payloadFor(repository: string, digest: string): Buffer {
  const critical = {
    identity: { "docker-reference": repository },
    image: { "docker-manifest-digest": digest },
    type: "cosign container image signature",
  };
  return Buffer.from(JSON.stringify({ critical, optional: null }));
}

export function signed(payload: Uint8Array, key: KeyObject): string {
  return sign(key.asymmetricKeyType === "ed25519" ? null : "sha256", payload, key).toString("base64");
}

export function newKey(): { readonly privateKey: KeyObject; readonly publicPem: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  return { privateKey, publicPem: publicKey.export({ type: "spki", format: "pem" }).toString() };
}

/** The bundle that cosign 3 makes of a signature by a key. */
export function statementBundle(digest: string, key: KeyObject, predicateType = "https://sigstore.dev/cosign/sign/v1") {
  const subject = [{ name: "", digest: { sha256: digest.slice(7) } }];
  const statement = { _type: "https://in-toto.io/Statement/v1", subject, predicateType, predicate: {} };
  const payload = Buffer.from(JSON.stringify(statement));
  const payloadType = "application/vnd.in-toto+json";
  const encoded = Buffer.concat([
    Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `),
    payload,
  ]);
  return Buffer.from(
    JSON.stringify({
      mediaType: BUNDLE,
      verificationMaterial: { publicKey: { hint: "any" }, tlogEntries: [] },
      dsseEnvelope: {
        payload: payload.toString("base64"),
        payloadType,
        signatures: [{ sig: signed(encoded, key), keyid: "" }],
      },
    }),
  );
}

/** Who vouches for identities, and a log that saw signatures: what Fulcio and Rekor are, made here. */
export class Authority {
  readonly #directory: string;
  readonly #log = generateKeyPairSync("ec", { namedCurve: "prime256v1" });

  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true });
    this.#openssl("req", "-x509", ...newEcKey("ca.key"), "-out", "ca.pem", "-days", "30", "-subj", "/O=tests/CN=ca");
  }

  /** `trusted_root.json` as Sigstore publishes it. */
  trustedRoot(): string {
    const rawBytes = this.#logKey();
    const validFor = { start: "2020-01-01T00:00:00Z" };
    return JSON.stringify({
      mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
      tlogs: [
        {
          baseUrl: "https://log.example",
          hashAlgorithm: "SHA2_256",
          publicKey: { rawBytes: rawBytes.toString("base64"), keyDetails: "PKIX_ECDSA_P256_SHA_256", validFor },
          logId: { keyId: createHash("sha256").update(rawBytes).digest("base64") },
        },
      ],
      certificateAuthorities: [
        {
          subject: { organization: "tests", commonName: "ca" },
          uri: "https://ca.example",
          certChain: { certificates: [{ rawBytes: new X509Certificate(this.#read("ca.pem")).raw.toString("base64") }] },
          validFor,
        },
      ],
      ctlogs: [],
      timestampAuthorities: [],
    });
  }

  /**
   * A keyless signature, in annotations as cosign writes them. `atMs`: when the log recorded it; by default, when the
   * certificate exists.
   */
  sign(payload: Buffer, { identity, issuer, atMs }: { identity: string; issuer: string; atMs?: number | undefined }) {
    const extensions = [
      "basicConstraints=critical,CA:FALSE",
      "keyUsage=critical,digitalSignature",
      "extendedKeyUsage=codeSigning",
      `subjectAltName=critical,URI:${identity}`,
      `1.3.6.1.4.1.57264.1.8=ASN1:UTF8String:${issuer}`,
    ];
    writeFileSync(join(this.#directory, "extensions"), extensions.join("\n"));
    this.#openssl("req", "-new", ...newEcKey("leaf.key"), "-out", "leaf.csr", "-subj", "/");
    const issued = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "1", "-extfile", "extensions"];
    this.#openssl("x509", "-req", "-in", "leaf.csr", ...issued, "-out", "leaf.pem");
    const certificate = this.#read("leaf.pem");
    const signature = signed(payload, createPrivateKey(this.#read("leaf.key")));
    return {
      "dev.cosignproject.cosign/signature": signature,
      "dev.sigstore.cosign/certificate": certificate,
      "dev.sigstore.cosign/bundle": this.#logged(payload, signature, certificate, atMs ?? Date.now()),
    };
  }

  #logged(payload: Buffer, signature: string, certificate: string, atMs: number): string {
    const hash = { algorithm: "sha256", value: createHash("sha256").update(payload).digest("hex") };
    const publicKey = { content: Buffer.from(certificate).toString("base64") };
    const spec = { data: { hash }, signature: { content: signature, publicKey } };
    const body = Buffer.from(JSON.stringify({ apiVersion: "0.0.1", kind: "hashedrekord", spec })).toString("base64");
    const logID = createHash("sha256").update(this.#logKey()).digest("hex");
    // In the order that its canonical form has.
    const Payload = { body, integratedTime: Math.floor(atMs / 1000), logID, logIndex: 7 };
    const SignedEntryTimestamp = signed(Buffer.from(JSON.stringify(Payload)), this.#log.privateKey);
    return JSON.stringify({ SignedEntryTimestamp, Payload });
  }

  #logKey(): Buffer {
    return this.#log.publicKey.export({ type: "spki", format: "der" });
  }

  #read(name: string): string {
    return readFileSync(join(this.#directory, name), "utf8");
  }

  #openssl(...argv: readonly string[]): void {
    execFileSync("openssl", argv, { cwd: this.#directory, stdio: ["ignore", "ignore", "pipe"] });
  }
}

function newEcKey(file: string): readonly string[] {
  return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", file];
}
