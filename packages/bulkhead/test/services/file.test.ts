import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BulkheadError } from "../../src/errors/bulkhead-error.js";
import { parseService } from "../../src/services/file/load.js";

const UPLOADS = `
name: uploads
level: { min: chroot }
components:
  front:
    root: host
    command: [nginx]
    listen: { http: 127.0.0.1:8080 }
    uses: { api: api.http }
  api:
    root: host
    command: [node, /app/server.js]
    files: [{ host: ./app, at: /app }]
    provides: { http: { port: 3000 } }
    uses: { convert: converter.rpc, sign: { offer: signer.rpc, port: 9000, connections: 4, bandwidth: 1MiB } }
  converter:
    level: gvisor
    command: [convert]
    provides: { rpc: { socket: /run/rpc.sock } }
    restart: { always: true, backoff: [1s, 30s] }
  signer:
    level: chroot
    command: [sign]
    secrets: { SIGNING_KEY: { file: ./key.pem } }
    provides: { rpc: { socket: /run/rpc.sock, from: [api], identify: proxy-v2 } }
`;

const read = async (text: string) => await parseService(text, "bulkhead.yaml", "/srv/uploads");
const component = async (text: string, name: string) => {
  const found = (await read(text)).components.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
};

/** The problems of a file, one a line. */
async function problems(text: string): Promise<string> {
  const error = await read(text).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof BulkheadError)) throw new Error("it was accepted");
  expect(error.code).toBe("SERVICE_INVALID");
  return error.detail ?? "";
}

const two = (a: string, b: string) => `name: x
components:
  a: { root: host, command: [a]${a} }
  b: { root: host, command: [b]${b} }
`;

describe("host paths", () => {
  let directory = "";
  beforeAll(() => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), "bulkhead-links-")));
    mkdirSync(join(directory, "real/sub"), { recursive: true });
    writeFileSync(join(directory, "key"), "");
    symlinkSync("real", join(directory, "link"));
    symlinkSync("../key", join(directory, "real/key"));
  });
  afterAll(() => rmSync(directory, { recursive: true }));
  const at = async (fields: string, other = "") => {
    const error = await parseService(
      `name: x\ncomponents:\n  a: { command: [a], ${fields} }\n  b: { root: host, command: [b]${other} }`,
      "file",
      directory,
    ).catch((thrown: unknown) => thrown);
    if (error instanceof BulkheadError) return error.detail ?? "";
    return (error as Awaited<ReturnType<typeof parseService>>).components.find(({ name }) => name === "a")?.policy;
  };

  it("are without links, as they were when the file was read", async () => {
    expect(await at("root: ./link, files: [{ tmpfs: /t }, { host: ./link/sub/new, at: /data }]")).toMatchObject({
      root: `${directory}/real`,
      files: [{ tmpfs: "/t" }, { host: `${directory}/real/sub/new`, at: "/data" }],
    });
  });

  it("of a secret are shown as they are behind links", async () => {
    const text = "name: x\ncomponents: { a: { command: [a], secrets: { K: { file: ./real/key } } } }";
    const { components } = await parseService(text, "file", directory);
    expect(components[0]?.secretFiles[0]).toMatchObject({
      path: `${directory}/real/key`,
      leadsTo: `${directory}/key`,
    });
  });

  it.each([
    ["a secret", "root: host, secrets: { K: { file: ./real/sub/key } }"],
    ["a secret through a link", "root: host, secrets: { K: { file: ./link/sub/key } }"],
    ["a secret behind a link in it", "root: host, secrets: { K: { file: ./real/key } }"],
    [
      "a secret for requests",
      "root: host, network: { allow: [a.example] }, secrets: { K: { file: ./real/k, hosts: [a.example] } }",
    ],
    ["a profile of system calls", "root: host, syscalls: { profile: ./real/p.json }"],
    ["an image", "root: 'oci:./real/image:tag'"],
    ["a key of signatures", "image: x.example/y, images: { verify: [{ match: '*', key: ./real/key.pem }] }"],
  ])("that a component could replace cannot be %s", async (_name, fields) => {
    const writes = ", files: [{ host: ./real, at: /data, mode: rw }]";
    expect(await at(fields, writes)).toMatch(/is in .*\/real, and b could replace it there/);
    expect(await at(fields)).toBeTypeOf("object");
  });
});

describe("a service file", () => {
  it("starts each component after the providers that it uses", async () => {
    const { components, channels } = await read(UPLOADS);
    expect(components.map(({ name }) => name)).toEqual(["converter", "signer", "api", "front"]);
    expect(channels.map(({ consumer, provider, offer }) => `${consumer} ${provider}.${offer}`)).toEqual([
      "front api.http",
      "api converter.rpc",
      "api signer.rpc",
    ]);
  });

  it("gives a consumer a socket, and TCP where the offer has a port or the consumer names one", async () => {
    const { channels } = await read(UPLOADS);
    expect(channels.map(({ inside }) => inside)).toEqual([
      { socket: "/run/bulkhead/api.sock", tcp: { address: "127.0.0.2", port: 3000 } },
      { socket: "/run/bulkhead/convert.sock", tcp: null },
      { socket: "/run/bulkhead/sign.sock", tcp: { address: "127.0.0.3", port: 9000 } },
    ]);
    expect(channels[2]?.limits).toEqual({ connections: 4, bytesPerSecond: 1024 ** 2, bytes: null, idleMs: null });
    expect(channels[2]?.identify).toBe("proxy-v2");
  });

  it("names the providers in the consumer's /etc/hosts, and no other component", async () => {
    expect((await component(UPLOADS, "front")).policy.hosts).toEqual({ api: "127.0.0.2" });
    expect((await component(UPLOADS, "api")).policy.hosts).toEqual({ sign: "127.0.0.3" });
    expect((await component(UPLOADS, "signer")).policy.hosts).toBeUndefined();
  });

  it("makes room for sockets and secrets, and leaves everything else of the policy as it is", async () => {
    expect((await component(UPLOADS, "signer")).policy).toEqual({
      level: "chroot",
      hostname: "signer",
      env: { SIGNING_KEY_FILE: "/run/secrets/SIGNING_KEY" },
      files: [
        { tmpfs: "/run", size: "1MiB", exec: false },
        { tmpfs: "/run/secrets", size: "1MiB", exec: false },
      ],
    });
    const { files } = (await component(UPLOADS, "api")).policy;
    expect(files?.[0]).toEqual({ host: "/srv/uploads/app", at: "/app" });
  });

  it("keeps a place of its own for notices, and no variable: only the component's program gets that", async () => {
    const { policy, ready } = await component(
      "name: x\ncomponents:\n  a: { command: [x], ready: { notify: true } }\n",
      "a",
    );
    expect(ready).toEqual({ kind: "notify", timeoutMs: 60_000 });
    expect(policy.files).toEqual([{ tmpfs: "/run/bulkhead", size: "1MiB", exec: false }]);
    expect(policy.env).toBeUndefined();
  });

  it.each([
    ["secrets: { K: { file: ./k } }", "/run/secrets"],
    ["uses: { o: b.o }", "/run/bulkhead"],
    ["ready: { notify: true }", "/run/bulkhead"],
  ])("puts nothing of its own into a directory of the host: %s", async (fields, place) => {
    const mounted = (where: string) => `, ${fields}, files: [{ host: ./d, at: ${where}, mode: rw }]`;
    const other = ", provides: { o: { port: 1 } }";
    for (const where of ["/run", place]) {
      expect(await problems(two(mounted(where), other))).toContain(`${place} would be on the host`);
    }
    expect((await component(two(`, writable: true, ${fields}`, other), "a")).policy.files).toEqual([
      { tmpfs: place, size: "1MiB", exec: false },
    ]);
  });

  it("checks a policy with what channels add to it", async () => {
    expect(await problems(two(", uses: { localhost: b.o }", ", provides: { o: { port: 1 } }"))).toMatch(
      /line 3, column \d+: components.a.hosts.localhost: .*not localhost/,
    );
  });

  it("uses a writable place that the component has already", async () => {
    const text = two(
      ", files: [{ tmpfs: /run }], provides: { x: { socket: /run/x/y.sock }, y: { socket: /tmp/y } }",
      "",
    );
    expect((await component(text, "a")).policy.files).toEqual([{ tmpfs: "/run" }]);
  });

  it("leads a port on the host to the offer of its name, to a port or socket, or to the same port inside", async () => {
    const text = two(
      `, provides: { http: { port: 80 } }, listen: { http: "[::1]:1080", b: 127.0.0.1:81,
        c: { host: 0.0.0.0:82, port: 8 }, d: { host: 127.0.0.1:83, socket: /tmp/s } }`,
      "",
    );
    const { listen } = await component(text, "a");
    expect(listen.map(({ address, port, target }) => [address, port, target])).toEqual([
      ["::1", 1080, { port: 80 }],
      ["127.0.0.1", 81, { port: 81 }],
      ["0.0.0.0", 82, { port: 8 }],
      ["127.0.0.1", 83, { socket: "/tmp/s" }],
    ]);
  });

  it("raises an open level to the service's floor", async () => {
    const text = `name: x\nlevel: { min: gvisor }\ncomponents: { a: { command: [a] }, b: { command: [b], level: microvm } }\n`;
    expect((await component(text, "a")).level).toBe("gvisor");
    expect((await component(text, "a")).policy.level).toEqual({ min: "gvisor" });
    expect((await component(text, "b")).level).toBe("microvm");
  });

  it("allows the ports of channels where a policy lists its ports", async () => {
    const text = two(
      ", tcp: { bind: [80] }, provides: { x: { port: 80 } }, uses: { y: b.y }",
      ", provides: { y: { port: 81 } }",
    );
    expect((await component(text, "a")).policy.tcp).toEqual({ bind: [80, 81], connect: [80, 81] });
  });
});

describe("a service file is refused", () => {
  it.each<readonly [name: string, text: string, said: RegExp]>([
    [
      "a field that no policy and no component has",
      two(", comand: [x]", ""),
      /line 3, column 34: components.a.comand: no such field \(did you mean command\?\)/,
    ],
    [
      "a policy's field with a wrong value",
      two(", resources: { memory: 1 }", ""),
      /components.a.resources.memory: must be at least/,
    ],
    [
      "contradicting fields of a policy",
      two(", level: chroot, trust: hostile", ""),
      /a.level: trust: hostile needs at least microvm/,
    ],
    ["no command", "name: x\ncomponents: { a: {} }", /needs a command/],
    ["no components", "name: x\ncomponents: {}", /at least one component/],
    ["a name that is none", "name: x\ncomponents: { A b: { command: [x] } }", /its name must be 1 to 31/],
    ["a name that leads elsewhere", "name: ../x\ncomponents: { a: { command: [x] } }", /name: must be 1 to 31/],
    ["a component that is none", "name: x\ncomponents: { a: 1 }", /components.a: must be the fields of a component/],
    ["several copies", two(", replicas: 2", ""), /a.replicas: must be 1/],
    ["an unknown provider", two(", uses: { c: c.x }", ""), /a.uses.c: there is no component c$/],
    ["an unknown offer", two(", uses: { b: b.y }", ", provides: { x: { port: 1 } }"), /b provides no y: it provides x/],
    ["an offer named as a field of every object", two(", uses: { b: b.constructor }", ""), /b provides no constructor/],
    [
      "an offer that is closed to it",
      two(", uses: { b: b.x }", ", provides: { x: { port: 1, from: [] } }"),
      /offered only to no component/,
    ],
    [
      "an unknown component in `from`",
      two(", provides: { x: { port: 1, from: [c] } }", ""),
      /from\[0\]: there is no other component c/,
    ],
    ["its own offer", two(", provides: { x: { port: 1 } }, uses: { y: a.x }", ""), /cannot use its own offer/],
    [
      "an unknown component in `depends`",
      two(", depends: [c, a]", ""),
      /depends\[0\]: there is no component c[\s\S]*depends\[1\]: a component cannot depend on itself/,
    ],
    ["a cycle of readiness", two(", depends: [b]", ", uses: { a: a.x }"), /b.uses.a: a provides no x/],
    ["a cycle of `depends`", two(", depends: [b]", ", depends: [a]"), /waits for itself: a -> b -> a/],
    [
      "a port that two components listen on",
      two(", listen: { x: 127.0.0.1:80 }", ", listen: { y: 0.0.0.0:80 }"),
      /b.listen.y: 0.0.0.0:80 is taken by a.x/,
    ],
    ["a port that is none", two(", listen: { x: 127.0.0.1:70000 }", ""), /ADDRESS:PORT with a port/],
    ["an address that is none", two(", listen: { x: 300.0.0.1:80 }", ""), /ADDRESS:PORT with a port/],
    [
      "two writers of a path",
      two(
        ", files: [{ host: /srv/d, at: /d, mode: rw }]",
        ", files: [{ host: /srv/d/e, at: /d, mode: rw, shared: true }]",
      ),
      /\/srv\/d\/e is also written by a/,
    ],
    ["`shared` of a tmpfs", two(", files: [{ tmpfs: /x, shared: true }]", ""), /is for host paths only/],
    [
      "a component weaker than the floor",
      `name: x\nlevel: { min: gvisor }\ncomponents: { a: { command: [x], level: container } }`,
      /a.level: container is weaker than the service's level.min, gvisor/,
    ],
    [
      "a socket among those of `uses`",
      two(", provides: { x: { socket: /run/bulkhead/x.sock } }", ""),
      /must be outside \/run\/bulkhead/,
    ],
    ["a socket in /proc", two(", provides: { x: { socket: /proc/x.sock } }", ""), /outside \/proc, \/sys and \/dev/],
    [
      "a socket in a directory that is read-only",
      two(", files: [{ host: /srv, at: /run }], provides: { x: { socket: /run/x } }", ""),
      /\/run is mounted read-only/,
    ],
    ["readiness by an offer that is missing", two(", ready: { connect: x }", ""), /the component provides no x/],
    ["readiness by a notice that does not come", two(", ready: { notify: false }", ""), /ready.notify: must be true/],
    ["readiness over HTTP without a port", two(", ready: { http: / }", ""), /needs a port/],
    [
      "a header line smuggled into readiness",
      two(', provides: { x: { port: 1 } }, ready: { http: "/ HTTP/1.0\\r\\nX: y" }', ""),
      /ready/,
    ],
    ["a secret of neither kind", two(", secrets: { K: { value: x } }", ""), /must be \{ file \} for a file inside/],
    [
      "a secret whose name leads elsewhere",
      two(', secrets: { "../K": { file: x } }', ""),
      /its name must be that of an environment variable/,
    ],
    [
      "two names for one host",
      two(", hosts: { b: 127.0.0.9 }, uses: { b: b.x }", ", provides: { x: { port: 1 } }"),
      /also a name in `hosts`/,
    ],
  ])("for %s", async (_name, text, said) => {
    expect(await problems(text)).toMatch(said);
  });

  it("with every problem at once, in the order of the file", async () => {
    const text = two(", uses: { c: c.x }, memory: 1", ", uses: { a: a.y }, replicas: 2");
    expect((await problems(text)).split("\n").map((line) => line.replace(/:.*/, ""))).toEqual([
      "line 3, column 42",
      "line 3, column 52",
      "line 4, column 52",
    ]);
    const more = two(", uses: { c: c.x }", ", depends: [d]");
    expect((await problems(more)).split("\n")).toHaveLength(2);
  });

  it("allows two writers that both say so, and a cycle that is not waited for", async () => {
    const shared = ", files: [{ host: /srv/d, at: /d, mode: rw, shared: true }]";
    expect((await read(two(shared, shared))).components).toHaveLength(2);
    const circle = two(
      ", provides: { x: { port: 1 } }, uses: { b: { offer: b.y, wait: false } }",
      ", provides: { y: { port: 1 } }, uses: { a: a.x }",
    );
    expect((await read(circle)).components.map(({ name }) => name)).toEqual(["a", "b"]);
  });

  it.each([
    ["two errors of syntax", "a: [1\nb: }\n", /line \d+, column \d+: /],
    ["a key that is there twice", "name: a\nname: b\n", /line 2, column 1: Map keys must be unique/],
    ["an alias", "name: &x a\ncomponents: *x\n", /alias/i],
  ])("as no document for %s", async (_name, text, said) => {
    await expect(read(text)).rejects.toMatchObject({ code: "SERVICE_SYNTAX", detail: expect.stringMatching(said) });
  });

  it.each(["", "[]", "1", "null", "name: x", "components: 1", "components: []", "? [1]\n: 2"])(
    "as no service: %j",
    async (text) => {
      await expect(read(text)).rejects.toMatchObject({ code: "SERVICE_INVALID" });
    },
  );
});
