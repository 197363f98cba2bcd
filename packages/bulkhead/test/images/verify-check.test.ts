import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { check, type Subject } from "../../src/images/signatures/check.js";
import { readSigner } from "../../src/images/signatures/given.js";
import type { Signature, SimpleSignature } from "../../src/images/signatures/signature.js";
import { type Trust, trustOf } from "../../src/images/signatures/trust.js";

const digest = `sha256:${createHash("sha256").update("image").digest("hex")}`;
const repository = "registry.example/team/tool";
const subject: Subject = { digests: new Set([digest]), repository };
const keys = {
  ec: generateKeyPairSync("ec", { namedCurve: "prime256v1" }),
  p384: generateKeyPairSync("ec", { namedCurve: "secp384r1" }),
  rsa: generateKeyPairSync("rsa", { modulusLength: 2048 }),
} as const;

let directory = "";
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-keys-"));
});
afterAll(() => rm(directory, { recursive: true }));

async function trusting(name: keyof typeof keys): Promise<Trust> {
  const path = join(directory, `${name}.pub`);
  await writeFile(path, keys[name].publicKey.export({ type: "spki", format: "pem" }));
  return trustOf(await readSigner({ kind: "keys", keys: [path] }));
}

function signature(name: keyof typeof keys): SimpleSignature {
  const critical = {
    identity: { "docker-reference": repository },
    image: { "docker-manifest-digest": digest },
    type: "cosign container image signature",
  };
  const payload = Buffer.from(JSON.stringify({ critical }));
  const { privateKey } = keys[name];
  const made = sign("sha256", payload, privateKey);
  return { kind: "simple", payload: payload.toString("base64"), signature: made.toString("base64") };
}

describe("a signature", () => {
  it.each(["ec", "p384", "rsa"] as const)("by a key of kind %s is accepted, and by no other", async (name) => {
    expect(check(signature(name), await trusting(name), subject)).toMatchObject({ kind: "key" });
    for (const other of Object.keys(keys) as (keyof typeof keys)[]) {
      if (other !== name) expect(check(signature(other), await trusting(name), subject)).toBe("signature");
    }
  });

  it("cannot be asked for by a key of another kind", async () => {
    const path = join(directory, "ed25519.pub");
    const { publicKey } = generateKeyPairSync("ed25519");
    await writeFile(path, publicKey.export({ type: "spki", format: "pem" }));
    const given = await readSigner({ kind: "keys", keys: [path] });
    expect(() => trustOf(given)).toThrow(expect.objectContaining({ code: "SIGNATURE_KEY_INVALID" }));
  });

  it("is not accepted with any bit of it changed", async () => {
    const trust = await trusting("ec");
    const right = signature("ec");
    const bit = (field: "payload" | "signature") => {
      const bytes = Buffer.from(right[field], "base64");
      return fc.nat(bytes.length * 8 - 1).map((at) => {
        const changed = Buffer.from(bytes);
        changed[at >> 3] = (changed[at >> 3] ?? 0) ^ (1 << (at & 7));
        return { ...right, [field]: changed.toString("base64") };
      });
    };
    fc.assert(
      fc.property(fc.oneof(bit("payload"), bit("signature")), (changed) => {
        expect(typeof check(changed, trust, subject)).toBe("string");
      }),
      { numRuns: 300 },
    );
  });

  it("that is garbage is refused, and nothing is thrown", async () => {
    const trust = await trusting("ec");
    const right = signature("ec");
    const json = fc.oneof(fc.string(), fc.json());
    const simple = fc
      .record(
        { payload: fc.base64String(), signature: fc.base64String(), certificate: json, log: json, timestamp: json },
        { requiredKeys: [] },
      )
      .map((fields): Signature => ({ ...right, signature: "AAAA", ...fields }));
    const bundle = json.map((text): Signature => ({ kind: "bundle", bundle: text }));
    fc.assert(
      fc.property(fc.oneof(simple, bundle), (garbage) => {
        expect(typeof check(garbage, trust, subject)).toBe("string");
      }),
      { numRuns: 1000 },
    );
  });
});
