import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "./support/server.js";

let server: TestServer;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ server, close } = await startServer("tenants"));
});

afterAll(async () => await close());

/** Every route that names an object, from the server's own document. */
async function routesWithIds() {
  const { json } = await server.send("GET", "/v1/openapi.json", { token: null });
  return Object.entries(json.paths as Record<string, Record<string, { requestBody?: object }>>)
    .filter(([path]) => path.includes("{"))
    .flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, { requestBody }]) => ({
        path,
        method: method.toUpperCase(),
        hasBytes: JSON.stringify(requestBody ?? {}).includes("octet-stream"),
      })),
    );
}

/** A body that is valid for any route that takes one. */
const BODIES: Readonly<Record<string, unknown>> = {
  extend: { ttlMs: 5000 },
  executions: { argv: ["id"] },
  signal: { signal: "SIGKILL" },
};

describe("an id of another project", () => {
  it("gets the answer of an unknown one, on every route, and its object stays as it is", async () => {
    const owner = await server.tenant("owner", { scopes: ["sandboxes:read", "sandboxes:write", "tokens:write"] });
    const other = await server.tenant("other", { scopes: ["sandboxes:read", "sandboxes:write", "tokens:write"] });
    const sandbox = (await server.send("POST", "/v1/sandboxes", { token: owner.token, json: {} })).json.id;
    const program = { argv: ["sleep", "1000"], detach: true, stdin: "open" };
    const started = await server.send("POST", `/v1/sandboxes/${sandbox}/executions`, {
      token: owner.token,
      json: program,
    });
    const template = "/v1/templates/own";
    await server.send("PUT", template, { token: owner.token, json: { policy: { hostname: "mine" } } });
    const real = { name: "own", id: sandbox, execution: started.json.id, token: owner.tokenId };
    const invented = {
      name: "none",
      id: `sbx_${"0".repeat(24)}`,
      execution: `exe_${"0".repeat(24)}`,
      token: "0".repeat(16),
    };
    const routes = await routesWithIds();
    expect(routes.length).toBeGreaterThan(10);
    for (const { path, method, hasBytes } of routes) {
      // Creates the caller's own.
      if (method === "PUT" && path === "/v1/templates/{name}") continue;
      const last = path.split("/").at(-1) ?? "";
      const query = /files|directories/.test(last) ? "?path=/work/x" : "";
      const sent = hasBytes ? { bytes: "x" } : BODIES[last] === undefined ? {} : { json: BODIES[last] };
      const ask = async (ids: Readonly<Record<string, string>>) => {
        const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? "");
        const { status, json } = await server.send(method, filled + query, {
          token: other.token,
          ...(method === "GET" || method === "DELETE" ? {} : sent),
        });
        return { status, ...json, instance: undefined };
      };
      const answer = await ask(real);
      expect([path, method, answer.status, answer.code]).toEqual([path, method, 404, "API_NOT_FOUND"]);
      expect(answer).toEqual(await ask(invented));
    }
    const own = { token: owner.token };
    const run = { token: other.token, json: { argv: ["hostname"], template: "own" } };
    expect((await server.send("POST", "/v1/run", run)).json.code).toBe("API_NOT_FOUND");
    await server.send("PUT", template, { token: other.token, json: { policy: { hostname: "theirs" } } });
    expect((await server.send("GET", template, own)).json.policy).toEqual({ hostname: "mine" });
    expect((await server.send("GET", `/v1/sandboxes/${sandbox}`, own)).json.state).toBe("running");
    const path = `/v1/sandboxes/${sandbox}/executions/${real.execution}`;
    expect((await server.send("GET", path, own)).json.state).toBe("running");
    expect((await server.send("GET", "/v1/sandboxes", { token: other.token })).json.sandboxes).toEqual([]);
    await server.send("DELETE", `/v1/sandboxes/${sandbox}`, own);
  });
});

describe("a token", () => {
  it("has only the scopes that it was made with", async () => {
    const { token } = await server.tenant("reader", { scopes: ["sandboxes:read"] });
    expect((await server.send("GET", "/v1/sandboxes", { token })).status).toBe(200);
    const refused = await server.send("POST", "/v1/run", { token, json: { argv: ["id"] } });
    expect([refused.status, refused.json.code]).toEqual([403, "SCOPE_MISSING"]);
    const projects = await server.send("GET", "/v1/projects", { token });
    expect(projects.json.code).toBe("SCOPE_MISSING");
  });

  it("gives no other token a scope that it lacks, nor one for another project", async () => {
    const { token } = await server.tenant("maker", { scopes: ["tokens:write"] });
    const other = await server.tenant("made");
    const ask = async (json: object) => (await server.send("POST", "/v1/tokens", { token, json })).json.code;
    expect(await ask({ name: "more", scopes: ["projects:write"] })).toBe("SCOPE_MISSING");
    expect(await ask({ name: "there", scopes: ["tokens:write"], project: other.project })).toBe("SCOPE_MISSING");
  });

  it("that expires makes no token that lasts longer", async () => {
    const { token } = await server.tenant("lease", { scopes: ["tokens:write"] });
    const make = async (by: string, json: object) => {
      const sent = { token: by, json: { name: "x", scopes: ["tokens:write"], ...json } };
      return (await server.send("POST", "/v1/tokens", sent)).json;
    };
    const short = await make(token, { expiresInMs: 600_000 });
    for (const more of [{}, { expiresInMs: 86_400_000 }]) {
      expect((await make(short.token, more)).expiresAt).toBe(short.expiresAt);
    }
    const shorter = await make(short.token, { expiresInMs: 1000 });
    expect(Date.parse(shorter.expiresAt)).toBeLessThan(Date.parse(short.expiresAt));
  });

  it("ends when it is revoked, and when it expires", async () => {
    const { token } = await server.tenant("short", { scopes: ["sandboxes:read", "tokens:write"] });
    const make = async (json: object) => (await server.send("POST", "/v1/tokens", { token, json })).json;
    const scopes = ["sandboxes:read"];
    const [revoked, expired] = [
      await make({ name: "a", scopes }),
      await make({ name: "b", scopes, expiresInMs: 1000 }),
    ];
    const status = async (text: string) => (await server.send("GET", "/v1/me", { token: text })).status;
    expect(await status(revoked.token)).toBe(200);
    expect((await server.send("DELETE", `/v1/tokens/${revoked.id}`, { token })).status).toBe(204);
    expect(await status(revoked.token)).toBe(401);
    await expect.poll(async () => await status(expired.token)).toBe(401);
    const { text } = await server.send("GET", "/v1/tokens", { token });
    expect(text).not.toContain(revoked.token.slice(-64));
  });

  it.each([
    ["none", null],
    ["a word", "secret"],
    ["a wrong secret", `bulkhead_${"0".repeat(16)}_${"0".repeat(64)}`],
  ])("is refused with 401: %s", async (_, token) => {
    const { status, json, headers } = await server.send("GET", "/v1/me", { token });
    expect([status, json.code, headers.get("www-authenticate")]).toEqual([401, "TOKEN_REFUSED", "Bearer"]);
  });

  it("with the id of one token and the secret of another is refused", async () => {
    const [one, other] = [await server.tenant("one"), await server.tenant("two")];
    const mixed = `${one.token.slice(0, 26)}${other.token.slice(26)}`;
    expect(mixed).toMatch(/^bulkhead_[0-9a-f]{16}_[0-9a-f]{64}$/);
    expect((await server.send("GET", "/v1/me", { token: mixed })).status).toBe(401);
  });
});

describe("a floor", () => {
  const cases: readonly (readonly [string, object, string])[] = [
    ["a weaker level", { level: "chroot" }, "level"],
    ["a host path", { files: [{ host: "/etc", at: "/x" }] }, "files"],
    ["a host path beside a tmpfs", { files: [{ tmpfs: "/y" }, { host: "/etc", at: "/x" }] }, "files"],
    ["the host's root", { root: "host" }, "root"],
    ["an image", { image: "debian:12" }, "image"],
    ["another directory as root", { root: "./x" }, "root"],
    ["a file of the host as seccomp profile", { syscalls: { profile: "/etc/passwd" } }, "syscalls"],
    ["a variable of the server as secret", { secrets: { A: { env: "PATH", hosts: ["a.example"] } } }, "secrets"],
    ["a file of the server as secret", { secrets: { A: { file: "/etc/shadow", hosts: ["a.example"] } } }, "secrets"],
    ["a key file of the server", { images: { verify: [{ match: "*", key: "/etc/passwd" }] } }, "images"],
    ["a loaded AppArmor profile", { apparmor: "other" }, "apparmor"],
    ["a label", { selinux: "a:b:c" }, "selinux"],
    ["the whole network", { network: "full" }, "network"],
    ["a host", { network: { allow: ["evil.example:443"] } }, "network"],
    ["a private address", { network: { allow: [{ host: "10.0.0.1", ports: 80, private: true }] } }, "network"],
    ["every host", { network: { allow: ["*"] } }, "network"],
    ["a capability", { capabilities: ["CHOWN"] }, "capabilities"],
    ["more memory", { resources: { memory: "64GiB" } }, "memoryBytes"],
    ["more processes", { resources: { pids: 100_000 } }, "pids"],
    ["more processors", { resources: { cpus: 64 } }, "milliCpus"],
    ["more disk", { resources: { disk: "1TiB" } }, "diskBytes"],
    ["more disk in a tmpfs", { files: [{ tmpfs: "/x", size: "1TiB" }] }, "files"],
    ["no time limit", { resources: { time: "none" } }, "timeMs"],
    ["more output", { resources: { output: "10GiB" } }, "outputBytes"],
    ["more open files", { resources: { openFiles: 1_000_000 } }, "openFiles"],
  ];

  let tenant: string;

  beforeAll(async () => {
    tenant = (await server.tenant("floors")).token;
  });

  it.each(cases)("refuses %s, and names the field", async (_, policy, field) => {
    for (const [path, json] of [
      ["/v1/run", { argv: ["id"], policy }],
      ["/v1/sandboxes", { policy }],
      ["/v1/explain", { policy }],
    ] as const) {
      const { status, json: answer } = await server.send("POST", path, { token: tenant, json });
      expect([path, status, answer.code]).toEqual([path, 403, "FLOOR_VIOLATED"]);
      expect(answer.detail).toContain(field);
    }
  });

  it("decides what a policy leaves open", async () => {
    const maxima = { memoryBytes: 64 * 1024 * 1024, pids: 20 };
    const { token } = await server.tenant("low", { floor: { maxima, require: ["seccomp"] } });
    const { json } = await server.send("POST", "/v1/explain", { token, json: {} });
    const by = (name: string) =>
      json.enforcement.protections.find((each: { protection: string }) => each.protection === name).by;
    expect(by("cgroup.memory")).toContain("64MiB");
    expect(by("cgroup.pids")).toContain("20 ");
  });

  it("permits what it names, and no more", async () => {
    const floor = { network: { allow: ["*.example.org:443", "one.example:80-90"] }, capabilities: ["CHOWN"] };
    const { token } = await server.tenant("reach", { floor });
    const ask = async (policy: object) =>
      (await server.send("POST", "/v1/explain", { token, json: { policy } })).status;
    const allow = async (...rules: readonly unknown[]) => await ask({ network: { allow: rules } });
    expect(await allow("a.example.org:443", "*.b.example.org:443", "one.example:80")).toBe(200);
    expect(await ask({ capabilities: ["CAP_CHOWN"] })).toBe(200);
    for (const rule of ["example.org:443", "a.example.org:444", "aexample.org:443", "one.example:91", "*.example:80"]) {
      expect([rule, await allow(rule)]).toEqual([rule, 403]);
    }
    expect(await allow({ host: "a.example.org", ports: 443, private: true })).toBe(403);
    expect(await ask({ capabilities: ["KILL"] })).toBe(403);
    // The gate checks the names of HTTP and TLS, and does not look into `tcp`.
    for (const rule of ["tcp://a.example.org:443", { host: "one.example", ports: 80, protocol: "tcp" }]) {
      expect([rule, await allow(rule)]).toEqual([rule, 403]);
    }
  });

  it("bounds the life of a sandbox, extensions included", async () => {
    const { token } = await server.tenant("lives", { floor: { maxima: { timeMs: 60_000 } } });
    const create = async (json: object) => await server.send("POST", "/v1/sandboxes", { token, json });
    const refused = await create({ ttlMs: 60_001 });
    expect([refused.status, refused.json.code, refused.json.detail]).toEqual([
      403,
      "FLOOR_VIOLATED",
      expect.stringContaining("ttlMs"),
    ]);
    const { json } = await create({});
    expect(Date.parse(json.expiresAt) - Date.parse(json.createdAt)).toBe(60_000);
    const extend = async (ttlMs: number) =>
      await server.send("POST", `/v1/sandboxes/${json.id}/extend`, { token, json: { ttlMs } });
    expect((await extend(60_000)).json.code).toBe("FLOOR_VIOLATED");
    expect((await extend(1000)).status).toBe(200);
    await expect
      .poll(async () => (await server.send("GET", `/v1/sandboxes/${json.id}`, { token })).json.state, {
        timeout: 30_000,
      })
      .toBe("expired");
  });

  it("that permits every name permits no address, which may be the host's own or give out credentials", async () => {
    const { token } = await server.tenant("names", { floor: { network: { allow: ["*:1-65535", "192.0.2.7:443"] } } });
    const allow = async (rule: unknown) => {
      const json = { policy: { network: { allow: [rule] } } };
      return (await server.send("POST", "/v1/explain", { token, json })).status;
    };
    for (const rule of ["a.example:443", "*:80", "*.example.org:22", "192.0.2.7:443"]) {
      expect([rule, await allow(rule)]).toEqual([rule, 200]);
    }
    const addresses = ["127.0.0.1:80", "169.254.169.254:80", "10.0.0.0/8:80", "[::1]:80", "192.0.2.8:443", "[::]:80"];
    for (const rule of [...addresses, { host: "127.0.0.1", ports: 80 }, "tcp://a.example:22"]) {
      expect([rule, await allow(rule)]).toEqual([rule, 403]);
    }
  });
});

describe("a quota", () => {
  it("bounds sandboxes, and gives back what has ended", async () => {
    const { token } = await server.tenant("few", { quotas: { sandboxes: 1 } });
    const first = await server.send("POST", "/v1/sandboxes", { token, json: {} });
    const refused = await server.send("POST", "/v1/run", { token, json: { argv: ["id"] } });
    expect([refused.status, refused.json.code]).toEqual([429, "QUOTA_EXCEEDED"]);
    expect(refused.json.detail).toContain("sandboxes");
    expect(refused.headers.get("retry-after")).toBe("1");
    await server.send("DELETE", `/v1/sandboxes/${first.json.id}`, { token });
    await expect
      .poll(async () => (await server.send("POST", "/v1/run", { token, json: { argv: ["id"] } })).status)
      .toBe(200);
  });

  it("bounds memory by what policies may use", async () => {
    const { token } = await server.tenant("small", { quotas: { memoryBytes: 100 * 1024 * 1024 } });
    const { json } = await server.send("POST", "/v1/sandboxes", { token, json: {} });
    expect(json).toMatchObject({ code: "QUOTA_EXCEEDED", detail: expect.stringContaining("memoryBytes") });
  });

  it("bounds collected output, and ends the program that exceeds it", async () => {
    const { token } = await server.tenant("loud", { quotas: { outputBytes: 100_000 } });
    const json = { argv: ["sh", "-c", "head -c 1000000 /dev/zero; sleep 1000"] };
    const reply = await server.send("POST", "/v1/run", { token, json });
    expect([reply.status, reply.json.code]).toEqual([429, "QUOTA_EXCEEDED"]);
    expect((await server.send("POST", "/v1/run", { token, json: { argv: ["echo", "ok"] } })).json.stdout).toBe("ok\n");
  });

  it("counts a large answer until the client has it", async () => {
    const { token } = await server.tenant("slow", { quotas: { outputBytes: 2_000_000 } });
    const { json: sandbox } = await server.send("POST", "/v1/sandboxes", { token, json: {} });
    const path = `/v1/sandboxes/${sandbox.id}/executions`;
    const ended = async (argv: readonly string[]) => {
      const { json } = await server.send("POST", path, { token, json: { argv, detach: true } });
      const get = async () => await server.send("GET", `${path}/${json.id}`, { token });
      await expect.poll(async () => (await get()).json.state).not.toBe("running");
      return await get();
    };
    // Each of these bytes is six in JSON.
    const { status, json } = await ended(["head", "-c", "300000", "/dev/zero"]);
    expect([status, json.code, json.detail]).toEqual([429, "QUOTA_EXCEEDED", expect.stringContaining("outputBytes")]);
    for (let count = 0; count < 3; count += 1) {
      expect((await ended(["sh", "-c", "head -c 200000 /dev/zero | tr '\\0' a"])).status).toBe(200);
    }
    await server.send("DELETE", `/v1/sandboxes/${sandbox.id}`, { token });
  });

  it("bounds requests in progress, and gives back those whose client is gone", async () => {
    const { token } = await server.tenant("busy", { quotas: { requestsAtOnce: 1 } });
    const leaving = new AbortController();
    const headers = { accept: "text/event-stream" };
    const json = { argv: ["sleep", "1000"] };
    await server.fetch("POST", "/v1/run", { token, json, headers, signal: leaving.signal });
    const refused = await server.send("GET", "/v1/me", { token });
    expect([refused.status, refused.json.detail]).toEqual([429, expect.stringContaining("requestsAtOnce")]);
    leaving.abort();
    await expect.poll(async () => (await server.send("GET", "/v1/me", { token })).status).toBe(200);
  });

  it("bounds requests in a second", async () => {
    const { token } = await server.tenant("fast", { quotas: { requestsPerSecond: 5 } });
    const replies = await Promise.all(Array.from({ length: 30 }, () => server.send("GET", "/v1/me", { token })));
    const refused = replies.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]?.json.detail).toContain("requestsPerSecond");
  });
});
