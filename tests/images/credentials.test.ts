import type { ServerResponse } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type OpenImageOptions, openImage } from "../../packages/bulkhead/src/images/open.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { sha256 } from "./support/layout.js";
import { auth, writeDockerConfig, writeHelper } from "./support/registry/docker-config.js";
import { FakeRegistry, isFor } from "./support/registry/fake.js";
import { tar } from "./support/tar.js";

const SECRET = "s3cr3t:of:mine";
const BASIC = `Basic ${Buffer.from(`me:${SECRET}`).toString("base64")}`;
const layer = tar({ name: "file", data: "x" });
const blob = `/blobs/${sha256(layer)}`;

let directory: TemporaryDirectory;
let registry: FakeRegistry;
/** Another origin: the same machine, another port. */
let elsewhere: FakeRegistry;
let image = "";
const path = process.env["PATH"];

beforeEach(async () => {
  directory = await TemporaryDirectory.create("credentials");
  registry = await FakeRegistry.create();
  elsewhere = await FakeRegistry.create();
  registry.image([layer], "v1");
  image = `${registry.host}/team/tool:v1`;
  await writeDockerConfig(directory.join("docker"), { auths: { [registry.host]: auth("me", SECRET) } });
});
afterEach(async () => {
  process.env["PATH"] = path;
  await registry[Symbol.asyncDispose]();
  await elsewhere[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

function open(options: OpenImageOptions["registry"] = {}) {
  const timing = { headMs: 2_000, paceMs: 2_000, tries: 2, waitMs: 5 };
  const docker = directory.join("docker");
  return openImage(image, { store: directory.join("store"), registry: { dockerConfig: docker, timing, ...options } });
}

/** What an error shows, by every way that it can be shown. */
async function failure(
  options?: OpenImageOptions["registry"],
): Promise<{ readonly code: string; readonly detail: string }> {
  const error: unknown = await open(options).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Error)) throw new Error("it was opened");
  const causes = [error, error.cause].map((each) => (each instanceof Error ? `${each.stack}` : ""));
  const everything = `${causes.join()} ${JSON.stringify(error)}`;
  for (const secret of [SECRET, BASIC.slice(6), "sesame"]) expect(everything).not.toContain(secret);
  return error as never;
}

function challenge(response: ServerResponse, header: string): true {
  response.writeHead(401, { "www-authenticate": header }).end(`{"errors":[{"message":"${SECRET}"}]}`);
  return true;
}

/** Asks for credentials, and gives a token named `sesame` at `/token` of one of the two. */
function withTokens(server: FakeRegistry, seen: string[] = []): void {
  const realm = `${server.origin}/token`;
  const give = (response: ServerResponse) => void response.end(JSON.stringify({ token: "sesame" }));
  const tokens: FakeRegistry["hook"] = (request, response) => {
    if (!isFor(request, "/token")) return false;
    seen.push(`${request.method} ${request.url} ${request.headers.authorization ?? "nobody"}`);
    give(response);
    return true;
  };
  elsewhere.hook = tokens;
  registry.hook = (request, response) => {
    if (tokens(request, response)) return true;
    if (request.headers.authorization === "Bearer sesame") return false;
    return challenge(response, `Bearer realm="${realm}",service="the registry",scope="repository:*:*,push"`);
  };
}

describe("basic authentication", () => {
  beforeEach(() => {
    registry.hook = (request, response) =>
      request.headers.authorization === BASIC ? false : challenge(response, 'Basic realm="x"');
  });

  it("sends credentials only after a challenge, and then those of the configuration", async () => {
    await open();
    const [first, ...rest] = registry.seen;
    expect(first?.authorization).toBeUndefined();
    expect(new Set(rest.map(({ authorization }) => authorization))).toEqual(new Set([BASIC]));
  });

  it("is refused without credentials, and with wrong ones", async () => {
    await writeDockerConfig(directory.join("docker"), {});
    expect(await failure()).toMatchObject({ code: "REGISTRY_DENIED", detail: "no credentials" });
    await writeDockerConfig(directory.join("docker"), { auths: { [registry.host]: auth("me", "wrong") } });
    expect(await failure()).toMatchObject({ code: "REGISTRY_DENIED", detail: "HTTP 401" });
    expect(registry.seen).toHaveLength(3);
  });

  it("never reaches the target of a redirect at another origin, which may be another port", async () => {
    registry.hook = (request, response) => {
      if (request.headers.authorization !== BASIC) return challenge(response, "Basic");
      if (!isFor(request, blob)) return false;
      response.writeHead(307, { location: `${elsewhere.origin}/stored?signature=1` }).end();
      return true;
    };
    elsewhere.hook = (_, response) => {
      response.end(layer);
      return true;
    };
    await open();
    expect(elsewhere.seen).toMatchObject([{ path: "/stored?signature=1", authorization: undefined }]);
    expect(registry.asked(blob).at(-1)?.authorization).toBe(BASIC);
  });

  it("is not given to a redirect's target that asks for it", async () => {
    registry.hook = (request, response) => {
      if (request.headers.authorization !== BASIC) return challenge(response, "Basic");
      response.writeHead(302, { location: `${elsewhere.origin}/manifests/v1` }).end();
      return true;
    };
    elsewhere.hook = (_, response) => challenge(response, "Basic");
    expect(await failure()).toMatchObject({ code: "REGISTRY_DENIED" });
    expect(elsewhere.seen.map(({ authorization }) => authorization)).toEqual([undefined]);
  });

  it("comes back to the registry's own origin", async () => {
    let hops = 0;
    registry.hook = (request, response) => {
      if (request.headers.authorization !== BASIC) return challenge(response, "Basic");
      hops += 1;
      if (hops > 2) return false;
      response.writeHead(308, { location: request.url ?? "/" }).end();
      return true;
    };
    await open();
    expect(registry.seen.filter(({ authorization }) => authorization === undefined)).toHaveLength(1);
  });
});

describe("a token server", () => {
  it("that is the registry itself has its credentials", async () => {
    const seen: string[] = [];
    withTokens(registry, seen);
    await open();
    // One token for all of it, and our scope, not the one that was asked for.
    expect(seen).toEqual([`GET /token?service=the+registry&scope=repository%3Ateam%2Ftool%3Apull ${BASIC}`]);
  });

  it("at another origin does not have them", async () => {
    withTokens(elsewhere);
    const { code, detail } = await failure();
    expect({ code, detail }).toEqual({ code: "REGISTRY_UNSAFE", detail: "credentials for another token server" });
    expect(elsewhere.seen).toEqual([]);
  });

  it("at another origin that the user trusts has them", async () => {
    const seen: string[] = [];
    withTokens(elsewhere, seen);
    await open({ tokenServers: [`${registry.host}=${elsewhere.origin}`] });
    expect(seen).toMatchObject([expect.stringContaining(BASIC)]);
    expect(elsewhere.seen).toHaveLength(1);
  });

  it("at another origin is asked for an anonymous token where there are no credentials", async () => {
    await writeDockerConfig(directory.join("docker"), {});
    const seen: string[] = [];
    withTokens(elsewhere, seen);
    await open();
    expect(seen).toMatchObject([expect.stringContaining("nobody")]);
  });

  it("is asked again when its token has expired", async () => {
    let given = 0;
    let uses = 0;
    registry.hook = (request, response) => {
      if (isFor(request, "/token")) {
        given += 1;
        response.end(JSON.stringify({ access_token: `token-${given}` }));
        return true;
      }
      uses += 1;
      const good = given > 0 && request.headers.authorization === `Bearer token-${given}` && uses !== 4;
      return good ? false : challenge(response, `Bearer realm="${registry.origin}/token"`);
    };
    await open();
    expect(given).toBe(2);
  });

  it.each([
    ["an identity token of the configuration", { identitytoken: "refresh-me" }],
    ["one of a helper", undefined],
  ])("takes %s, in a body", async (_, entry) => {
    const config =
      entry === undefined ? { credHelpers: { [registry.host]: "own" } } : { auths: { [registry.host]: entry } };
    await writeDockerConfig(directory.join("docker"), config);
    await writeHelper(directory.path, "own", `echo '{"Username":"<token>","Secret":"refresh-me"}'`);
    process.env["PATH"] = `${directory.path}:${path}`;
    let body = "";
    registry.hook = (request, response) => {
      if (!isFor(request, "/token")) {
        return request.headers.authorization === "Bearer sesame"
          ? false
          : challenge(response, `bearer realm="${registry.origin}/token", service="s"`);
      }
      request.on("data", (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on("end", () => response.end('{"token":"sesame"}'));
      return true;
    };
    await open();
    expect(Object.fromEntries(new URLSearchParams(body))).toMatchObject({
      grant_type: "refresh_token",
      refresh_token: "refresh-me",
      service: "s",
    });
    expect(registry.asked("/token")).toMatchObject([{ method: "POST", authorization: undefined }]);
  });

  const answers = (status: number, headers: Record<string, string>, body: string) => {
    registry.hook = (request, response) => {
      if (!isFor(request, "/token")) return challenge(response, `Bearer realm="${registry.origin}/token"`);
      response.writeHead(status, headers).end(body);
      return true;
    };
  };

  it.each([
    ["refuses", 401, {}, SECRET, { code: "REGISTRY_DENIED", detail: "HTTP 401" }],
    ["fails, and repeats what it was sent", 500, {}, SECRET, { code: "REGISTRY_UNAVAILABLE", detail: "HTTP 500" }],
    ["gives none", 200, {}, "{}", { code: "REGISTRY_UNAVAILABLE", detail: "no token" }],
    ["does not speak JSON", 200, {}, SECRET, { code: "REGISTRY_UNAVAILABLE", detail: "no token" }],
    ["gives one with a header in it", 200, {}, '{"token":"a\\r\\nx: y"}', { detail: "no token" }],
    ["gives one without an end", 200, {}, `{"token":"${"x".repeat(300_000)}"}`, { code: "IMAGE_LIMIT" }],
  ])("that %s", async (_, status, headers, body, expected) => {
    answers(status, headers, body);
    expect(await failure()).toMatchObject(expected);
  });

  it("that redirects is not followed: the credentials would go along", async () => {
    answers(302, { location: `${elsewhere.origin}/token` }, "");
    expect(await failure()).toMatchObject({ code: "REGISTRY_UNAVAILABLE", detail: "HTTP 302" });
    expect(elsewhere.seen).toEqual([]);
  });

  it.each([
    ["http://169.254.169.254/latest/meta-data", "no TLS"],
    ["https://169.254.169.254/latest/meta-data", "address"],
    ["https://[fe80::1]/token", "address"],
    ["https://[::ffff:169.254.169.254]/token", "address"],
    ["https://0.0.0.0/token", "address"],
    ["http://192.0.2.1/token", "no TLS"],
    ["file:///etc/passwd", "no TLS"],
    ["https://user:password@127.0.0.1/token", "credentials in a URL"],
    ["https://", "token server"],
  ])("at %s is not asked", async (realm, detail) => {
    await writeDockerConfig(directory.join("docker"), {});
    registry.hook = (_, response) => challenge(response, `Bearer realm="${realm}"`);
    const found = await failure();
    expect({ code: found.code, detail: found.detail }).toEqual({ code: "REGISTRY_UNSAFE", detail });
  });

  it.each(["Bearer", 'Bearer realm="', "Negotiate", "", "Digest realm=x"])("is not guessed from %j", async (header) => {
    registry.hook = (_, response) => challenge(response, header);
    expect((await failure()).code).toBe("REGISTRY_DENIED");
  });
});

describe("a redirect", () => {
  const to = (location: string) => {
    registry.hook = (request, response) => {
      if (!isFor(request, blob)) return false;
      response.writeHead(307, { location }).end();
      return true;
    };
  };

  it.each([
    ["https://169.254.169.254/latest/meta-data/iam/", "address"],
    ["http://169.254.169.254/latest/meta-data/iam/", "no TLS"],
    ["https://2852039166/latest", "address"],
    ["https://0xa9fea9fe/latest", "address"],
    ["https://[fd00:ec2::254]/latest", "address"],
    ["https://100.100.100.200/latest", "address"],
    ["https://0.0.0.0/", "address"],
    ["https://[::]/", "address"],
    ["https://224.0.0.1/", "address"],
    ["http://192.0.2.1/", "no TLS"],
    ["ftp://127.0.0.1/", "no TLS"],
    ["file:///etc/shadow", "no TLS"],
    ["data:,x", "no TLS"],
  ])("to %s is not followed", async (location, detail) => {
    to(location);
    const found = await failure();
    expect({ code: found.code, detail: found.detail }).toEqual({ code: "REGISTRY_UNSAFE", detail });
  });

  it("with a name and a password in it is not followed", async () => {
    to(`http://me:${encodeURIComponent(SECRET)}@${elsewhere.host}/x`);
    expect(await failure()).toMatchObject({ code: "REGISTRY_UNSAFE", detail: "credentials in a URL" });
    expect(elsewhere.seen).toEqual([]);
  });

  it("to itself ends", async () => {
    registry.hook = (request, response) => {
      if (!isFor(request, blob)) return false;
      response.writeHead(301, { location: request.url ?? "" }).end();
      return true;
    };
    expect(await failure()).toMatchObject({ code: "REGISTRY_UNSAFE", detail: "too many redirects" });
    expect(registry.asked(blob)).toHaveLength(6);
  });

  it("shows no query, where signatures are", async () => {
    to(`${elsewhere.origin}/x?signature=sesame`);
    expect((await failure()).code).toBe("IMAGE_NOT_FOUND");
  });

  it.each(["http://", "//", "http://a b/"])("to nowhere (%j)", async (location) => {
    to(location);
    expect((await failure()).code).toMatch(/^REGISTRY_/);
  });
});

describe("Docker's configuration", () => {
  beforeEach(() => {
    registry.hook = (request, response) =>
      request.headers.authorization === BASIC ? false : challenge(response, "Basic");
    process.env["PATH"] = `${directory.path}:${path}`;
  });

  it.each([(host: string) => host, (host: string) => `https://${host}/v1/`, (host: string) => `http://${host}`])(
    "knows a registry by each of its names (%#)",
    async (key) => {
      await writeDockerConfig(directory.join("docker"), { auths: { [key(registry.host)]: auth("me", SECRET) } });
      await open();
    },
  );

  it("of another port is not for this one", async () => {
    await writeDockerConfig(directory.join("docker"), {
      auths: { [elsewhere.host]: auth("me", SECRET), "127.0.0.1": auth("me", SECRET) },
    });
    expect(await failure()).toMatchObject({ code: "REGISTRY_DENIED", detail: "no credentials" });
  });

  it.each([
    ["{", "not JSON"],
    ["[]", "not an object"],
    [{ auths: 7 }, "auths"],
    [{ credsStore: "../../bin/evil" }, "credsStore"],
    [{ credHelpers: { x: "a b" } }, "credHelpers"],
    ["x".repeat(2_000_000), "too large"],
  ])("that is broken is an error, not an empty one (%#)", async (config, detail) => {
    await writeDockerConfig(directory.join("docker"), config);
    expect(await failure()).toMatchObject({ code: "REGISTRY_CREDENTIALS", detail });
  });

  it("names a helper, which is asked for that registry", async () => {
    await writeDockerConfig(directory.join("docker"), { credHelpers: { [registry.host]: "mine" } });
    await writeHelper(
      directory.path,
      "mine",
      `[ "$1" = get ] && [ "$(cat)" = "${registry.host}" ] && echo '{"Username":"me","Secret":"${SECRET}"}'`,
    );
    await open();
  });

  it("names a helper for all, and what that has not is in the file", async () => {
    await writeDockerConfig(directory.join("docker"), {
      credsStore: "all",
      auths: { [registry.host]: auth("me", SECRET) },
    });
    await writeHelper(directory.path, "all", "echo 'credentials not found in native keychain'; exit 1");
    await open();
  });

  it.each([
    ["fails", `echo '${SECRET}' >&2; echo '${SECRET}'; exit 3`, "exit code 3"],
    ["says something else", `echo '${SECRET}'`, "not JSON"],
    ["leaves the secret out", `echo '{"Username":"me"}'`, "Secret"],
    ["floods", "yes | head -c 3000000", "exit code none"],
  ])("names a helper that %s", async (_, script, detail) => {
    await writeDockerConfig(directory.join("docker"), { credsStore: "bad" });
    await writeHelper(directory.path, "bad", script);
    expect(await failure()).toMatchObject({ code: "REGISTRY_CREDENTIALS", detail });
  });

  it("names a helper that is not there", async () => {
    await writeDockerConfig(directory.join("docker"), { credsStore: "nowhere" });
    expect(await failure()).toMatchObject({ code: "REGISTRY_CREDENTIALS", detail: "ENOENT" });
  });
});
