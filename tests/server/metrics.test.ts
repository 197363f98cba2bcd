import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Registry } from "../../packages/server/src/metrics/registry.js";
import { startServer, type TestServer } from "./support/server.js";

const run = promisify(execFile);
/** Debian's, which has Debian's packages. */
const PYTHON = "/usr/bin/python3";

type Samples = Readonly<Record<string, readonly (readonly [Readonly<Record<string, string>>, number])[]>>;

/** As Prometheus' own library reads the text. */
const READER = `
import json, sys
from prometheus_client.parser import text_string_to_metric_families
families = list(text_string_to_metric_families(sys.stdin.read()))
samples = {}
for family in families:
    for sample in family.samples:
        samples.setdefault(sample.name, []).append([sample.labels, sample.value])
print(json.dumps([[[f.name, f.type, len(f.documentation)] for f in families], samples]))
`;

async function read(text: string): Promise<readonly [readonly (readonly [string, string, number])[], Samples]> {
  const child = run(PYTHON, ["-c", READER]);
  child.child.stdin?.end(text);
  return JSON.parse((await child).stdout);
}

const hasReader = await run(PYTHON, ["-c", "import prometheus_client.parser"]).then(
  () => true,
  () => false,
);
const isRequired = process.env["BULKHEAD_REQUIRE"] !== undefined;
const withReader = it.skipIf(!hasReader && !isRequired);
const why = hasReader ? "" : " (skipped: python3-prometheus-client is not installed)";

let server: TestServer;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ server, close } = await startServer("metrics"));
});

afterAll(async () => await close());

describe("/metrics", () => {
  it("needs the operator's scope, which no tenant can give itself", async () => {
    const { token } = await server.tenant("reader", { scopes: ["sandboxes:read", "tokens:write"] });
    expect((await server.send("GET", "/metrics", { token })).json.code).toBe("SCOPE_MISSING");
    expect((await server.send("GET", "/metrics", { token: null })).status).toBe(401);
    const json = { name: "m", scopes: ["metrics:read"] };
    expect((await server.send("POST", "/v1/tokens", { token, json })).json.code).toBe("SCOPE_MISSING");
  });

  withReader(`says what the server did, as Prometheus reads it${why}`, async () => {
    const { token, project } = await server.tenant("busy");
    for (const argv of [["echo", "x"], ["true"]]) await server.send("POST", "/v1/run", { token, json: { argv } });
    const { json: sandbox } = await server.send("POST", "/v1/sandboxes", { token, json: {} });
    await server.send("POST", "/v1/run", { token, json: { argv: ["id"], policy: { network: "full" } } });
    await server.send("GET", "/nothing/here", { token });
    const { text, headers, status } = await server.send("GET", "/metrics");
    expect([status, headers.get("content-type")]).toEqual([200, "text/plain; version=0.0.4; charset=utf-8"]);
    const [families, samples] = await read(text);
    expect(families.every(([, type, help]) => /^(counter|gauge|histogram)$/.test(type) && help > 10)).toBe(true);
    const of = (name: string, labels: object) =>
      samples[name]?.find(([own]) => JSON.stringify({ ...own, ...labels }) === JSON.stringify(own))?.[1];
    expect(of("bulkhead_run_first_output_seconds_count", { project, level: "container" })).toBe(2);
    expect(of("bulkhead_run_first_output_seconds_bucket", { project, le: "+Inf" })).toBe(2);
    expect(of("bulkhead_sandbox_create_duration_seconds_count", { project, level: "container" })).toBe(1);
    expect(of("bulkhead_sandboxes_alive", { project })).toBe(1);
    expect(of("bulkhead_memory_limit_bytes", { project })).toBeGreaterThan(0);
    expect(of("bulkhead_refusals_total", { project, code: "FLOOR_VIOLATED" })).toBe(1);
    expect(of("bulkhead_http_requests_total", { route: "POST /v1/run", status: "403" })).toBe(1);
    expect(of("bulkhead_http_requests_total", { route: "none", status: "404" })).toBe(1);
    expect(of("process_resident_memory_bytes", {})).toBeGreaterThan(10_000_000);
    expect(text).not.toContain("/nothing");
    await server.send("DELETE", `/v1/sandboxes/${sandbox.id}`, { token });
    await expect
      .poll(async () => (await server.send("GET", "/metrics")).text, { timeout: 30_000 })
      .toContain(`bulkhead_sandboxes_alive{project="${project}"} 0`);
  });

  it("counts connections out of sandboxes", async () => {
    const floor = { network: { allow: ["allowed.example:80"] } };
    const { token, project } = await server.tenant("outward", { floor });
    const argv = ["wget", "-O", "-", "http://refused.example/"];
    const policy = { network: { allow: ["allowed.example:80"] } };
    await server.send("POST", "/v1/run", { token, json: { argv, policy } });
    const { text } = await server.send("GET", "/metrics");
    expect(text).toContain(`bulkhead_egress_decisions_total{project="${project}",verdict="deny"} 1`);
  });

  it("has every metric that the Grafana dashboard shows, which shows every metric", async () => {
    const { text } = await server.send("GET", "/metrics");
    const named = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    const path = new URL("../../packages/server/grafana/bulkhead.json", import.meta.url);
    const { panels } = JSON.parse(await readFile(path, "utf8"));
    const shown = JSON.stringify(panels.map(({ targets }: { targets: unknown }) => targets));
    const used = new Set(
      [...shown.matchAll(/\b((?:bulkhead|process)_[a-z_]+?)(?:_bucket)?\b/g)].map(([, name]) => name),
    );
    expect([...used].sort()).toEqual([...named].sort());
    const documented = await readFile(new URL("../../docs/server.md", import.meta.url), "utf8");
    expect(named.filter((name) => !documented.includes(`\`${name}\``))).toEqual([]);
  });
});

describe("the text format", () => {
  withReader(`keeps hostile labels apart${why}`, async () => {
    const registry = new Registry();
    const label = 'a"b\\c\nd{e="f"} 1';
    registry.counter("things_total", "Things.", ["name"]).add([label], 3);
    registry.histogram("sizes", "Sizes.", [], [1, 2]).observe([], 2);
    const [, samples] = await read(registry.text());
    expect(samples["things_total"]).toEqual([[{ name: label }, 3]]);
    expect(samples["sizes_bucket"]?.map(([{ le }, value]) => [le, value])).toEqual([
      ["1", 0],
      ["2", 1],
      ["+Inf", 1],
    ]);
  });
});
