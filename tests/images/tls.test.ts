import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:https";
import { type AddressInfo, createServer as createPort } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type OpenImageOptions, openImage } from "../../packages/bulkhead/src/images/open.js";
import type { RegistryOptions } from "../../packages/bulkhead/src/images/registry/settings.js";
import { isRequired } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { LayoutWriter, sha256 } from "./support/layout.js";
import { Authority } from "./support/registry/certificates.js";
import { auth, writeDockerConfig } from "./support/registry/docker-config.js";
import { FakeRegistry } from "./support/registry/fake.js";
import {
  basicAuth,
  hasRegistry,
  PASSWORD,
  push,
  type RunningRegistry,
  startRegistry,
} from "./support/registry/real.js";
import { tar } from "./support/tar.js";

const layer = tar({ name: "file", data: "x" });
const LOCAL = ["DNS:localhost", "IP:127.0.0.1"];

let directory: TemporaryDirectory;
let company: Authority;
let stranger: Authority;
let count = 0;

beforeAll(async () => {
  directory = await TemporaryDirectory.create("tls");
  company = new Authority(directory.join("company"));
  stranger = new Authority(directory.join("stranger"));
});
afterAll(async () => await directory[Symbol.asyncDispose]());

const VARIABLES = ["SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "BULKHEAD_CERTS_D"] as const;
afterEach(() => {
  for (const name of VARIABLES) delete process.env[name];
});

/** Into a store of its own: nothing is here already. */
async function open(image: string, registry: RegistryOptions = {}, options: OpenImageOptions = {}) {
  count += 1;
  const timing = { tries: 2, waitMs: 5 };
  return await openImage(image, {
    store: directory.join(`store-${count}`),
    ...options,
    registry: { dockerConfig: directory.join("docker"), timing, ...registry },
  });
}

/** What `certs.d` holds for one registry. */
async function certsFor(host: string, files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  count += 1;
  const certificates = directory.join(`certs-${count}`);
  await mkdir(`${certificates}/${host}`, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(`${certificates}/${host}/${name}`, text);
  return [certificates];
}

it.runIf(!hasRegistry && isRequired("docker-registry"))("docker-registry is required here", () => {
  throw new Error("docker-registry is not installed");
});

/** A real registry with TLS that has `team/tool:v1`, and lives as long as the block that asked for it. */
async function tlsRegistry(tls: object, realAuth?: object): Promise<RunningRegistry> {
  count += 1;
  const place = directory.join(`registry-${count}`);
  const layout = await LayoutWriter.create(directory.join(`layout-${count}`));
  await layout.index(await layout.image([layer]));
  {
    await using plain = await startRegistry(place);
    await push(layout.path, `${plain.host}/team/tool:v1`);
  }
  return await startRegistry(place, realAuth, { tls });
}

describe.skipIf(!hasRegistry)("a real registry on loopback with TLS", () => {
  let registry: RunningRegistry;
  let image = "";
  beforeAll(async () => {
    const { certPath, keyPath } = company.issue("registry", LOCAL);
    registry = await tlsRegistry({ certificate: certPath, key: keyPath });
    image = `${registry.host}/team/tool:v1`;
  });
  afterAll(async () => await registry[Symbol.asyncDispose]());

  it.each([
    ["certs.d", async () => ({ certificates: await certsFor(registry.host, { "ca.crt": company.pem }) })],
    [
      "certs.d, with others in it",
      async () => ({
        certificates: await certsFor(registry.host, { "a.crt": stranger.pem, "z.crt": company.pem, README: "x" }),
      }),
    ],
    [
      "BULKHEAD_CERTS_D",
      async () => named("BULKHEAD_CERTS_D", await certsFor(registry.host, { "ca.crt": company.pem })),
    ],
    ["NODE_EXTRA_CA_CERTS", () => named("NODE_EXTRA_CA_CERTS", [company.path])],
    ["SSL_CERT_FILE", () => named("SSL_CERT_FILE", [company.path])],
    ["SSL_CERT_DIR", () => named("SSL_CERT_DIR", [directory.join("stranger"), directory.join("company")])],
  ])("is pulled from with its authority in %s", async (_, trusting) => {
    await expect(open(image, await trusting())).resolves.toMatchObject({ layers: [expect.any(String)] });
  });

  function named(name: (typeof VARIABLES)[number], paths: readonly string[]): RegistryOptions {
    process.env[name] = paths.join(":");
    return {};
  }

  it.each([
    ["no authority", async () => ({})],
    ["another's", async () => ({ certificates: await certsFor(registry.host, { "ca.crt": stranger.pem }) })],
    ["one for another port", async () => ({ certificates: await certsFor("127.0.0.1", { "ca.crt": company.pem }) })],
    ["one that replaced it", () => named("SSL_CERT_FILE", [stranger.path])],
    ["no authority, though it may be plain", async () => ({ insecure: [registry.host] })],
  ])("is not believed with %s", async (_, trusting) => {
    await expect(open(image, await trusting())).rejects.toMatchObject({
      code: "REGISTRY_UNTRUSTED",
      remedy: expect.stringContaining("certs.d"),
    });
  });

  it.each([
    ["ca.crt", "no certificate"],
    ["ca.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
    ["ca.crt", ""],
    ["client.cert", "without a key"],
  ])("is not asked with a broken %s", async (name, text) => {
    const certificates = await certsFor(registry.host, { [name]: text });
    const error = await open(image, { certificates }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "REGISTRY_CERTIFICATES",
      path: expect.stringContaining(certificates[0] ?? ""),
    });
  });

  it.each(["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"] as const)(
    "is not asked with a %s that is not there",
    async (name) => {
      process.env[name] = directory.join("none.pem");
      await expect(open(image)).rejects.toMatchObject({ code: "REGISTRY_CERTIFICATES", detail: "ENOENT" });
    },
  );
});

describe.skipIf(!hasRegistry)("a certificate of the company's", () => {
  it.each([
    ["for another name", ["DNS:other.example"], 2, "ERR_TLS_CERT_ALTNAME_INVALID"],
    ["that has expired", LOCAL, 0, "CERT_HAS_EXPIRED"],
  ] as const)("%s is refused", async (_, names, days, detail) => {
    const { certPath, keyPath } = company.issue(`wrong-${days}`, names, days);
    await using registry = await tlsRegistry({ certificate: certPath, key: keyPath });
    const certificates = await certsFor(registry.host, { "ca.crt": company.pem });
    await expect(open(`${registry.host}/team/tool:v1`, { certificates })).rejects.toMatchObject({
      code: "REGISTRY_UNTRUSTED",
      detail,
    });
  });

  it("is what a registry asks of its clients", async () => {
    const { certPath, keyPath } = company.issue("mutual", LOCAL);
    await using registry = await tlsRegistry({ certificate: certPath, key: keyPath, clientcas: [company.path] });
    const [client, other] = [company.issue("client", []), stranger.issue("client", [])];
    const image = `${registry.host}/team/tool:v1`;
    const with_ = async (files: object) => ({
      certificates: await certsFor(registry.host, { "ca.crt": company.pem, ...files }),
    });
    const denied = { code: "REGISTRY_DENIED", detail: "client certificate" };
    await expect(open(image, await with_({}))).rejects.toMatchObject(denied);
    const wrong = await with_({ "client.cert": other.cert, "client.key": other.key });
    await expect(open(image, wrong)).rejects.toMatchObject(denied);
    const misfit = await with_({ "client.cert": client.cert, "client.key": other.key });
    await expect(open(image, misfit)).rejects.toMatchObject({ code: "REGISTRY_CERTIFICATES" });
    const right = await with_({ "client.cert": client.cert, "client.key": client.key });
    await expect(open(image, right)).resolves.toBeDefined();
  });

  it("comes before a password", async () => {
    const { certPath, keyPath } = company.issue("password", LOCAL);
    const tls = { certificate: certPath, key: keyPath };
    await using registry = await tlsRegistry(tls, await basicAuth(directory.join("auth")));
    const image = `${registry.host}/team/tool:v1`;
    const dockerConfig = directory.join("with-password");
    await writeDockerConfig(dockerConfig, { auths: { [registry.host]: auth("someone", PASSWORD) } });
    const certificates = await certsFor(registry.host, { "ca.crt": company.pem });
    await expect(open(image, { certificates })).rejects.toMatchObject({ code: "REGISTRY_DENIED" });
    await expect(open(image, { certificates, dockerConfig })).resolves.toBeDefined();
    await expect(open(image, { dockerConfig })).rejects.toMatchObject({ code: "REGISTRY_UNTRUSTED" });
  });
});

/** A server with TLS in this process that answers as a test wants, and counts. */
async function tlsServer(
  answer: (path: string, authorization: string | undefined) => readonly [number, object, (Uint8Array | undefined)?],
) {
  const { cert, key } = company.issue(`server-${++count}`, LOCAL);
  const seen: string[] = [];
  const server: Server = createServer({ cert, key }, (request, response) => {
    const { url = "", headers } = request;
    seen.push(url);
    const [status, answerHeaders, body] = answer(url, headers.authorization);
    response.writeHead(status, answerHeaders as Record<string, string>).end(body);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  return { host, seen, [Symbol.asyncDispose]: close };
}

describe("what a registry with TLS leads to", () => {
  it("is trusted by the registry's authority: its token server, and where its layers are", async () => {
    await using files = await FakeRegistry.create();
    files.image([layer], "v1");
    await using blobs = await tlsServer((path) => [200, {}, files.blobs.get(path.slice(1))]);
    await using tokens = await tlsServer(() => [200, {}, Buffer.from('{"token":"good"}')]);
    await using registry = await tlsServer((path, authorization) => {
      const challenge = `Bearer realm="https://${tokens.host}/token",service="test"`;
      if (authorization !== "Bearer good") return [401, { "www-authenticate": challenge }];
      const manifest = files.manifests.get(path.split("/").at(-1) ?? "");
      if (manifest !== undefined) return [200, { "content-type": manifest.mediaType }, manifest.bytes];
      return [307, { location: `https://${blobs.host}/${path.split("/").at(-1)}` }];
    });
    const certificates = await certsFor(registry.host, { "ca.crt": company.pem });
    await expect(open(`${registry.host}/team/tool:v1`, { certificates })).resolves.toBeDefined();
    expect(tokens.seen[0]).toMatch(/^\/token\?service=test&scope=repository/);
    expect(blobs.seen).toContain(`/${sha256(layer)}`);
  });

  it("does not lose TLS, though the registry is on loopback", async () => {
    await using plain = await FakeRegistry.create();
    await using registry = await tlsServer(() => [307, { location: `${plain.origin}/v2/team/tool/manifests/v1` }]);
    const certificates = await certsFor(registry.host, { "ca.crt": company.pem });
    await expect(open(`${registry.host}/team/tool:v1`, { certificates })).rejects.toMatchObject({
      code: "REGISTRY_UNSAFE",
      detail: "no TLS",
    });
    expect(plain.seen).toEqual([]);
  });

  it.each([
    ["an alert", Buffer.from("15030300020228", "hex")],
    ["a record that ends", Buffer.from("160303004002", "hex")],
  ])("is not asked without TLS when it answers with %s", async (_, bytes) => {
    const requests: string[] = [];
    const server = createPort((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", (data) => {
        if (data[0] !== 0x16) requests.push(data.toString("latin1"));
        socket.write(bytes);
        if (bytes[0] === 0x15) socket.end();
      });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const timing = { headMs: 300, tries: 2, waitMs: 5 };
    await expect(open(`${host}/team/tool:v1`, { insecure: [host], timing })).rejects.toMatchObject({
      code: "REGISTRY_UNAVAILABLE",
    });
    expect(requests).toEqual([]);
    server.close();
  });
});

describe("a registry without TLS", () => {
  it("is contacted without TLS on loopback, and gets no password before a challenge", async () => {
    await using registry = await FakeRegistry.create();
    registry.image([layer], "v1");
    const dockerConfig = directory.join("unasked");
    await writeDockerConfig(dockerConfig, { auths: { [registry.host]: auth("someone", PASSWORD) } });
    await expect(open(`${registry.host}/team/tool:v1`, { dockerConfig })).resolves.toBeDefined();
    expect(registry.seen.every(({ authorization }) => authorization === undefined)).toBe(true);
  });
});
