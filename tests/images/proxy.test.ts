import { execFile, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isRequired } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";
import type { Outcome } from "./support/proxy/world.js";
import { hasRegistry } from "./support/registry/real.js";

const world = fileURLToPath(new URL("support/proxy/world.ts", import.meta.url));
const lack = lackOf();

it.runIf(lack !== undefined && isRequired("proxy"))("a real proxy is required here", () => {
  throw new Error(lack);
});

/**
 * Registries and a proxy on addresses of a network namespace of the test's own: what is on loopback is never asked
 * through a proxy.
 */
describe.skipIf(lack !== undefined)(`a company's proxy${lack === undefined ? "" : ` (skipped: ${lack})`}`, () => {
  let directory: TemporaryDirectory;
  let outcomes: Readonly<Record<string, Outcome>> = {};

  beforeAll(async () => {
    directory = await TemporaryDirectory.create("proxy");
    const argv = ["--net", "--mount", process.execPath, "--import", "tsx", world, directory.path];
    const { stdout } = await promisify(execFile)("unshare", argv, { env: withoutProxies() });
    outcomes = JSON.parse(stdout) as Record<string, Outcome>;
  }, 120_000);
  afterAll(async () => await directory[Symbol.asyncDispose]());

  const tunnel = "CONNECT hidden.test:443";

  it.each([
    ["by HTTPS_PROXY", [tunnel]],
    ["by https_proxy, without a protocol", [tunnel]],
    ["by address", ["CONNECT 10.20.30.40:443"]],
    ["with a password", [tunnel]],
    ["NO_PROXY name", []],
    ["NO_PROXY domain", []],
    ["NO_PROXY name and port", []],
    ["NO_PROXY CIDR", []],
  ])("%s: pulled", (name, proxied) => {
    expect(outcomes[name]).toMatchObject({ code: "pulled", proxied });
  });

  it.each(["without TLS", "without TLS, with a password"])("%s: pulled, by requests that the proxy sees", (name) => {
    const outcome = outcomes[name];
    expect(outcome?.code).toBe("pulled");
    const requests = outcome?.proxied.filter((line) => line.startsWith("GET ")) ?? [];
    expect(requests).toContain("GET http://plain.test:5000/v2/team/tool/manifests/v1");
  });

  it.each([
    ["without a proxy", "REGISTRY_UNAVAILABLE"],
    ["by the proxy of the other protocol", "REGISTRY_UNAVAILABLE"],
    ["NO_PROXY other", "REGISTRY_PROXY"],
    ["a proxy that is not there", "REGISTRY_PROXY"],
    ["with a wrong password", "REGISTRY_PROXY"],
    ["with no password", "REGISTRY_PROXY"],
    ["another authority", "REGISTRY_UNTRUSTED"],
    ["to metadata, by a redirect", "REGISTRY_UNSAFE"],
    ["to metadata, by name", "REGISTRY_UNSAFE"],
  ])("%s: %s", (name, code) => {
    expect(outcomes[name]).toMatchObject({ code });
    expect(JSON.stringify(outcomes[name])).not.toContain("secret");
    expect(outcomes[name]?.proxied.join()).not.toContain("metadata");
  });

  it("says which of both failed", () => {
    expect(outcomes["a proxy that is not there"]).toMatchObject({ detail: "ECONNREFUSED" });
    expect(outcomes["with a wrong password"]).toMatchObject({
      detail: expect.stringMatching(/^HTTP 40[17] of the proxy$/),
    });
    expect(outcomes["a name that nobody knows"]).toMatchObject({
      code: "REGISTRY_UNAVAILABLE",
      detail: expect.stringMatching(/^HTTP 5\d\d of the proxy$/),
    });
    expect(outcomes["without TLS, not allowed"]).toMatchObject({ code: "REGISTRY_UNAVAILABLE" });
  });
});

function withoutProxies(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/_proxy$/i.test(name)));
}

function lackOf(): string | undefined {
  if (!hasRegistry) return "docker-registry is not installed";
  if (spawnSync("tinyproxy", ["-v"]).error !== undefined) return "tinyproxy is not installed";
  const namespaces = spawnSync("unshare", ["--net", "--mount", "ip", "address", "add", "10.20.30.40/32", "dev", "lo"]);
  return namespaces.status === 0 ? undefined : "no network namespace can be made here: it takes root, unshare and ip";
}
