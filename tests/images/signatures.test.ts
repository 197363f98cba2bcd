import { readdir, writeFile } from "node:fs/promises";
import { run } from "bulkhead";
import { images, type VerifyRules } from "bulkhead/images";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { TemporaryDirectory } from "../support/temporary.js";
import { baseLayer } from "./support/base-layer.js";
import { LayoutWriter } from "./support/layout.js";
import { publishBlob, publishIndex, publishManifest } from "./support/registry/publish.js";
import { hasRegistry, push, type RunningRegistry, startRegistry } from "./support/registry/real.js";
import { Authority, BUNDLE, newKey, payloadFor, SIMPLE, signed, statementBundle } from "./support/signing.js";
import { tar } from "./support/tar.js";

const IDENTITY = "https://github.example/team/tool/.github/workflows/release.yml@refs/heads/main";
const ISSUER = "https://tokens.github.example";

let directory: TemporaryDirectory;
let registry: RunningRegistry;
let stores = 0;
let repositories = 0;
/** Of a repository of its own for each test, with one image in it. */
let repository = "";
let digest = "";
const key = newKey();
const other = newKey();

beforeAll(async () => {
  if (!hasRegistry) return;
  directory = await TemporaryDirectory.create("signatures");
  await writeFile(directory.join("cosign.pub"), key.publicPem);
  await writeFile(directory.join("other.pub"), other.publicPem);
  registry = await startRegistry(directory.join("registry"));
  const writer = await LayoutWriter.create(directory.join("layout"));
  await writer.index(await writer.image([baseLayer(), tar({ name: "added", data: "signed" })]));
});
beforeEach(async () => {
  if (!hasRegistry) return;
  stores += 1;
  repositories += 1;
  process.env["BULKHEAD_STORE"] = directory.join(`store-${stores}`);
  repository = `${registry.host}/team/tool-${repositories}`;
  await push(directory.join("layout"), `${repository}:v1`);
  const answer = await fetch(`http://${registry.host}/v2/team/tool-${repositories}/manifests/v1`, {
    headers: { accept: "application/vnd.oci.image.manifest.v1+json" },
  });
  digest = answer.headers.get("docker-content-digest") ?? "";
});
afterAll(async () => {
  delete process.env["BULKHEAD_STORE"];
  await registry?.[Symbol.asyncDispose]();
  await directory?.[Symbol.asyncDispose]();
});

const byKey = (file = "cosign.pub", match = "*"): VerifyRules => [{ match, key: directory.join(file) }];
const pull = (verify: VerifyRules) => images.pull(`${repository}:v1`, { verify });

/** Puts signatures where cosign does: each a payload and the annotations of its layer. */
async function attach(...signatures: readonly (readonly [Buffer, Readonly<Record<string, string>>])[]): Promise<void> {
  const layers = [];
  for (const [payload, annotations] of signatures) {
    layers.push({ ...(await publishBlob(repository, payload, SIMPLE)), annotations });
  }
  await publishManifest(repository, `${digest.replace(":", "-")}.sig`, layers);
}

function keyed(payload: Buffer, { privateKey } = key): readonly [Buffer, Readonly<Record<string, string>>] {
  return [payload, { "dev.cosignproject.cosign/signature": signed(payload, privateKey) }];
}

/** Nothing of the image has come, and nothing was unpacked. */
async function expectUntouched(): Promise<void> {
  expect((await images.list()).images).toEqual([]);
  const store = directory.join(`store-${stores}`);
  expect(await readdir(`${store}/trees`)).toEqual([]);
  expect(await readdir(`${store}/blobs/sha256`)).toEqual([]);
}

describe.runIf(hasRegistry)("an image signed with a key", () => {
  it("is pulled and run when its signature is right", async () => {
    await attach(keyed(payloadFor(repository, digest)));
    const policy = { image: `${repository}:v1`, images: { verify: byKey() } };
    expect(await run(["cat", "/added"], policy)).toMatchObject({ exitCode: 0, stdout: "signed" });
    expect(await images.verify(`${repository}:v1`, byKey())).toMatchObject({
      digest,
      signedBy: { kind: "key", key: directory.join("cosign.pub") },
    });
  });

  it("is found among other signatures, and by one of several keys", async () => {
    await attach(keyed(Buffer.from("garbage")), keyed(payloadFor(repository, digest)));
    await pull([
      { match: `${registry.host}/team/*`, key: [directory.join("other.pub"), directory.join("cosign.pub")] },
    ]);
  });

  it.each<[string, string, () => Promise<void>]>([
    ["another key", "signature", async () => attach(keyed(payloadFor(repository, digest), other))],
    ["another image", "digest", async () => attach(keyed(payloadFor(repository, `sha256:${"0".repeat(64)}`)))],
    ["another repository", "repository", async () => attach(keyed(payloadFor(`${registry.host}/team/evil`, digest)))],
    [
      "other words than are there",
      "signature",
      async () => {
        const [, annotations] = keyed(payloadFor(`${registry.host}/team/evil`, digest));
        await attach([payloadFor(repository, digest), annotations]);
      },
    ],
    ["garbage", "format", async () => attach([Buffer.from("{"), { "dev.cosignproject.cosign/signature": "AAAA" }])],
    ["no bytes", "format", async () => attach([payloadFor(repository, digest), {}])],
    [
      "an attestation",
      "format",
      async () => {
        const text = JSON.stringify({ critical: { type: "atomic container signature" } });
        await attach(keyed(Buffer.from(text)));
      },
    ],
  ])("is refused when what was signed is %s", async (_, detail, sign) => {
    await sign();
    await expect(pull(byKey())).rejects.toMatchObject({ code: "SIGNATURE_INVALID", detail });
    await expectUntouched();
  });

  it("is refused when it is not signed at all", async () => {
    await expect(pull(byKey())).rejects.toMatchObject({ code: "SIGNATURE_MISSING" });
    await expectUntouched();
  });

  it("is refused when it has too many signatures", async () => {
    const payload = payloadFor(repository, digest);
    await attach(...Array.from({ length: 33 }, () => keyed(payload)));
    await expect(pull(byKey())).rejects.toMatchObject({ code: "SIGNATURE_INVALID" });
    await expectUntouched();
  });

  it("is refused when the signed payload is too large", async () => {
    await attach(keyed(Buffer.alloc(100_000, " ")));
    await expect(pull(byKey())).rejects.toMatchObject({ code: "IMAGE_LIMIT" });
    await expectUntouched();
  });

  it("is checked again when it is here already, and needs no registry for that afterwards", async () => {
    const image = `${repository}:v1`;
    await images.pull(image);
    const signedBy = (verify: VerifyRules, when: "never" | "missing") =>
      run(["true"], { image, images: { verify } }, { images: { pull: when } });
    await expect(signedBy(byKey(), "missing")).rejects.toMatchObject({ code: "SIGNATURE_MISSING" });
    await attach(keyed(payloadFor(repository, digest)));
    await expect(signedBy(byKey(), "never")).rejects.toMatchObject({ code: "SIGNATURE_MISSING" });
    expect(await signedBy(byKey(), "missing")).toMatchObject({ exitCode: 0 });
    expect(await signedBy(byKey(), "never")).toMatchObject({ exitCode: 0 });
    // What was accepted once is no promise to whoever asks for another key.
    await expect(signedBy(byKey("other.pub"), "never")).rejects.toMatchObject({ code: "SIGNATURE_INVALID" });
  });

  it("may come by way of a mirror, if the rule says whose image it is", async () => {
    await attach(keyed(payloadFor("registry.example/team/tool", digest)));
    await expect(pull(byKey())).rejects.toMatchObject({ detail: "repository" });
    await pull([{ match: "*", key: directory.join("cosign.pub"), repository: "registry.example/team/tool" }]);
  });

  it("may have its signature in a bundle that refers to it", async () => {
    const refer = async (bundle: Buffer) => {
      const manifest = await publishManifest(repository, "a-bundle", [await publishBlob(repository, bundle, BUNDLE)]);
      await publishIndex(repository, digest.replace(":", "-"), [{ ...manifest, artifactType: BUNDLE }]);
    };
    await refer(statementBundle(digest, other.privateKey));
    await expect(pull(byKey())).rejects.toMatchObject({ code: "SIGNATURE_INVALID", detail: "signature" });
    await refer(statementBundle(`sha256:${"0".repeat(64)}`, key.privateKey));
    await expect(pull(byKey())).rejects.toMatchObject({ code: "SIGNATURE_INVALID", detail: "digest" });
    // Something else that is true of the image.
    await refer(statementBundle(digest, key.privateKey, "https://spdx.dev/Document"));
    await expect(pull(byKey())).rejects.toMatchObject({ code: "SIGNATURE_INVALID", detail: "format" });
    await expectUntouched();
    await refer(statementBundle(digest, key.privateKey));
    await pull(byKey());
  });
});

describe.runIf(hasRegistry)("rules", () => {
  it("refuse what none of them covers, and take the first that does", async () => {
    await attach(keyed(payloadFor(repository, digest)));
    await expect(pull([])).rejects.toMatchObject({ code: "SIGNATURE_RULE_MISSING" });
    await expect(pull(byKey("cosign.pub", "ghcr.io/*"))).rejects.toMatchObject({ code: "SIGNATURE_RULE_MISSING" });
    await expectUntouched();
    await expect(pull([...byKey("other.pub", repository), ...byKey()])).rejects.toMatchObject({ detail: "signature" });
    await pull([{ match: `${registry.host}/*`, unsigned: true }, ...byKey("other.pub")]);
  });

  it("refuse an image in files, unless they let it be unsigned", async () => {
    const image = `oci:${directory.join("layout")}`;
    const starting = (verify: VerifyRules) => run(["true"], { image, images: { verify } });
    await expect(starting(byKey())).rejects.toMatchObject({ code: "SIGNATURE_UNVERIFIABLE" });
    await expect(starting([])).rejects.toMatchObject({ code: "SIGNATURE_RULE_MISSING" });
    expect(await starting([{ match: `oci:${directory.path}/*`, unsigned: true }])).toMatchObject({ exitCode: 0 });
  });

  it.each([
    ["missing.pub", undefined],
    ["garbage.pub", "no key"],
    ["private.pub", key.privateKey.export({ type: "pkcs8", format: "pem" }).toString()],
  ])("need a public key: %s is none", async (name, content) => {
    if (content !== undefined) await writeFile(directory.join(name), content);
    await expect(pull(byKey(name))).rejects.toMatchObject({
      code: "SIGNATURE_KEY_INVALID",
      path: directory.join(name),
    });
  });
});

describe.runIf(hasRegistry)("an image signed by an identity", () => {
  let authority: Authority;
  const keyless = (change: { identity?: string; issuer?: string; trustedRoot?: string } = {}): VerifyRules => [
    {
      match: "*",
      keyless: {
        identity: change.identity ?? IDENTITY,
        issuer: change.issuer ?? ISSUER,
        trustedRoot: directory.join(change.trustedRoot ?? "trusted_root.json"),
      },
    },
  ];
  const vouched = (payload: Buffer, by = authority, atMs?: number) =>
    [payload, by.sign(payload, { identity: IDENTITY, issuer: ISSUER, atMs })] as const;

  beforeAll(async () => {
    authority = new Authority(directory.join("authority"));
    await writeFile(directory.join("trusted_root.json"), authority.trustedRoot());
  });

  it("is pulled when the rule names the signer", async () => {
    await attach(vouched(payloadFor(repository, digest)));
    await pull(keyless());
    await pull(keyless({ identity: "https://github.example/team/tool/*" }));
    expect(await images.verify(`${repository}:v1`, keyless())).toMatchObject({
      signedBy: { kind: "identity", identity: IDENTITY, issuer: ISSUER },
    });
  });

  it("is refused when another identity signed", async () => {
    await attach(vouched(payloadFor(repository, digest)));
    const refusals = [
      [keyless({ identity: IDENTITY.replace("/team/", "/evil/") }), "identity"],
      // A name within the other is not the other, and a dot is a dot.
      [keyless({ identity: "github.example/team/tool" }), "identity"],
      [keyless({ identity: IDENTITY.replaceAll(".", "x") }), "identity"],
      [keyless({ issuer: `${ISSUER}.evil.example` }), "issuer"],
      [byKey(), "no such key"],
    ] as const;
    for (const [rules, detail] of refusals) {
      await expect(pull(rules)).rejects.toMatchObject({ code: "SIGNATURE_INVALID", detail });
    }
    await expectUntouched();
  });

  it("is refused with a certificate of another CA, or an entry of an untrusted log", async () => {
    await attach(vouched(payloadFor(repository, digest), new Authority(directory.join("another"))));
    await expect(pull(keyless())).rejects.toMatchObject({ code: "SIGNATURE_INVALID", detail: "certificate" });
    const [payload, annotations] = vouched(payloadFor(repository, digest));
    const stranger = new Authority(directory.join("stranger")).sign(payload, { identity: IDENTITY, issuer: ISSUER });
    await attach([payload, { ...annotations, "dev.sigstore.cosign/bundle": stranger["dev.sigstore.cosign/bundle"] }]);
    await expect(pull(keyless())).rejects.toMatchObject({ code: "SIGNATURE_INVALID", detail: "log" });
    await expectUntouched();
  });

  it("is refused when the certificate was not valid at the time, or the time is unknown", async () => {
    const late = Date.now() + 3 * 24 * 3600 * 1000;
    await attach(vouched(payloadFor(repository, digest), authority, late));
    await expect(pull(keyless())).rejects.toMatchObject({ code: "SIGNATURE_INVALID", detail: "certificate" });
    const [payload, { "dev.sigstore.cosign/bundle": _, ...annotations }] = vouched(payloadFor(repository, digest));
    await attach([payload, annotations]);
    await expect(pull(keyless())).rejects.toMatchObject({ code: "SIGNATURE_INVALID", detail: "time" });
    await expectUntouched();
  });

  it("is refused when the signature is another's", async () => {
    const [, annotations] = vouched(payloadFor(`${registry.host}/team/evil`, digest));
    await attach([payloadFor(repository, digest), annotations]);
    await expect(pull(keyless())).rejects.toMatchObject({ code: "SIGNATURE_INVALID" });
    await expectUntouched();
  });

  it("needs a trusted root that is one", async () => {
    await writeFile(directory.join("empty.json"), "{}");
    await expect(pull(keyless({ trustedRoot: "empty.json" }))).rejects.toMatchObject({ code: "SIGNATURE_KEY_INVALID" });
    await expect(pull(keyless({ trustedRoot: "cosign.pub" }))).rejects.toMatchObject({ code: "SIGNATURE_KEY_INVALID" });
  });
});
