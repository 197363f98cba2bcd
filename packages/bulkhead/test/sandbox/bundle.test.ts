import { describe, expect, it } from "vitest";
import { handed } from "../../src/egress/handed.js";
import { openEgress } from "../../src/egress/open.js";
import { loadSecrets } from "../../src/egress/secrets/load.js";
import { certificatesIn } from "../../src/egress/tls/roots.js";
import { NO_CA_BUNDLES } from "../../src/plan/compile/own-files.js";
import { BUNDLES } from "../../src/plan/inputs/bundles.js";
import type { Plan } from "../../src/plan/schema.js";
import { rulesFor } from "../../src/policy/network/full.js";
import { parsePolicy } from "../../src/policy/parse.js";
import { withBundle } from "../../src/sandbox/network.js";
import { BASE, compiled, inputsWith } from "../plan/compile-support.js";
import { judge } from "../support/judge.js";

const FEDORA = "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem";
const DEBIAN = "/etc/ssl/certs/ca-certificates.crt";
const policy = {
  network: { allow: ["api.example.org"] },
  secrets: { KEY: { hosts: ["api.example.org"], value: "long enough" } },
};

/** A root that has bundles at some of the places, each with a text of its own. */
function planFor(contents: Readonly<Record<string, string>>) {
  const kindAt = { ...BASE.kindAt, ...Object.fromEntries(Object.keys(contents).map((at) => [at, "file"] as const)) };
  return compiled(policy, {
    inputs: inputsWith({ root: { ...BASE, kindAt, contents: { ...BASE.contents, ...contents } } }),
  });
}

/** By the warden's own rules, where they are built. */
function expectAccepted(plan: Plan) {
  if (judge !== undefined) expect(judge([plan])).toEqual([null]);
}

async function egressFor(bundles: readonly string[]) {
  const { network, secrets } = parsePolicy(policy);
  const rules = rulesFor(network);
  if (rules === null) throw new Error("no rules");
  const loaded = await loadSecrets(secrets);
  const { bundle } = await openEgress("container", rules, loaded, {}, bundles);
  return handed(loaded, bundle);
}

describe("the bundle of a root", () => {
  it.each([[[FEDORA]], [[DEBIAN]], [["/etc/ssl/cert.pem", DEBIAN]]])(
    "is covered where the root has it: %j",
    async (places) => {
      const of = (body: string) => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----`;
      const result = planFor(Object.fromEntries(places.map((at) => [at, `# its own\n${of("b3du")}\r\n`])));
      const egress = await egressFor(result.caBundles.roots);
      const plan = withBundle(result.plan, result.caBundles, egress);
      expectAccepted(plan);
      const covers = plan.mounts.flatMap((mount) =>
        mount.kind === "file" && places.includes(mount.at) ? [mount] : [],
      );
      expect(covers.map(({ at }) => at).sort()).toEqual([...places].sort());
      for (const { content } of covers) {
        expect(content).toBe(egress.bundle?.content);
        expect(certificatesIn(content)).toContain(of("b3du"));
      }
      expect(egress.env["SSL_CERT_FILE"]).toBe(egress.bundle?.at);
    },
  );

  it("is left alone where a plan would have no room for the cover", async () => {
    const huge = Array.from({ length: 4_000 }, (_, at) => {
      const body = Buffer.alloc(90, String(at)).toString("base64");
      return `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----`;
    });
    const result = planFor({ [DEBIAN]: huge.join("\n") });
    const plan = withBundle(result.plan, result.caBundles, await egressFor(result.caBundles.roots));
    expectAccepted(plan);
    expect(plan.mounts.filter(({ at }) => at === DEBIAN)).toEqual([]);
  });

  it("is the root's own where nothing is looked into", () => {
    const { plan, caBundles } = compiled({ network: { allow: ["api.example.org"] } });
    expect(
      plan.mounts.filter((mount) => mount.kind === "file" && BUNDLES.includes(mount.at as (typeof BUNDLES)[number])),
    ).toEqual([]);
    expect(caBundles).toEqual(NO_CA_BUNDLES);
  });
});
