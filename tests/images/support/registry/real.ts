import { type ChildProcess, execFile, execFileSync, spawn, spawnSync } from "node:child_process";
import { createHash, createPrivateKey, sign } from "node:crypto";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { type AddressInfo, connect, createServer as createPort } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { eventually } from "../../../support/time.js";

/** The password of the user `someone`, and what `htpasswd -B` makes of it. */
export const PASSWORD = "p:ss word";
const HTPASSWD = "someone:$2y$05$1.aYVul3KEsqaka/cMr6q./vdzREosg9W7TrQt0WF3LeJho.fqAh2\n";

/** Debian's `docker-registry`, which is the registry of Docker's own. */
export const hasRegistry = spawnSync("docker-registry", ["--version"]).error === undefined;

export interface RunningRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
}

/** Runs one with its data below `directory`; `auth` and `tls` are these parts of its configuration. */
export async function startRegistry(
  directory: string,
  auth?: object,
  { tls, address }: { readonly tls?: object; readonly address?: string } = {},
): Promise<RunningRegistry> {
  await mkdir(directory, { recursive: true });
  const host = address ?? `127.0.0.1:${await freePort()}`;
  const config = {
    version: "0.1",
    log: { level: "error" },
    storage: { filesystem: { rootdirectory: join(directory, "data") } },
    http: { addr: host, ...(tls === undefined ? {} : { tls }) },
    ...(auth === undefined ? {} : { auth }),
  };
  // YAML is a superset of JSON.
  await writeFile(join(directory, "config.yml"), JSON.stringify(config));
  const child = spawn("docker-registry", ["serve", join(directory, "config.yml")], { stdio: "ignore" });
  await eventually("the registry answers", 20_000, () => answers(child, host));
  return {
    host,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    },
  };
}

/** `auth` of a registry whose only user is `someone`. */
export async function basicAuth(directory: string): Promise<object> {
  await mkdir(directory, { recursive: true });
  const path = join(directory, "htpasswd");
  await writeFile(path, HTPASSWD);
  return { htpasswd: { realm: "test", path } };
}

export interface TokenServer extends AsyncDisposable {
  readonly origin: string;
  /** `auth` of a registry that believes it. */
  readonly auth: object;
  /** Who asked for what: `someone pull`, `nobody pull`. */
  readonly seen: string[];
}

/** A token server that gives `someone` with their password everything, and nobody else anything. */
export async function startTokenServer(directory: string): Promise<TokenServer> {
  await mkdir(directory, { recursive: true });
  const [keyPath, certificatePath] = [join(directory, "key.pem"), join(directory, "certificate.pem")];
  const request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=tokens"];
  execFileSync("openssl", [...request, "-keyout", keyPath, "-out", certificatePath], { stdio: "ignore" });
  const key = createPrivateKey(await readFile(keyPath));
  const certificate = (await readFile(certificatePath, "utf8")).replace(/-----[^-]+-----|\s/g, "");
  const seen: string[] = [];
  const server = createServer((incoming, response) => {
    const { searchParams } = new URL(incoming.url ?? "", "http://localhost");
    const scope = searchParams.get("scope") ?? "";
    const [type = "", name = "", actions = ""] = scope.split(":");
    const known = incoming.headers.authorization === `Basic ${Buffer.from(`someone:${PASSWORD}`).toString("base64")}`;
    seen.push(`${known ? "someone" : "nobody"} ${actions}`);
    const access = known && type !== "" ? [{ type, name, actions: actions.split(",") }] : [];
    const now = Math.floor(Date.now() / 1000);
    const times = { nbf: now - 60, iat: now, exp: now + 300, jti: createHash("sha256").update(scope).digest("hex") };
    const claims = { iss: "tokens", sub: "someone", aud: "registry", ...times, access };
    const signed = [{ typ: "JWT", alg: "RS256", x5c: [certificate] }, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
      .join(".");
    const token = `${signed}.${sign("sha256", Buffer.from(signed), key).toString("base64url")}`;
    response.setHeader("content-type", "application/json").end(JSON.stringify({ token, expires_in: 300 }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    seen,
    auth: {
      token: { realm: `${origin}/token`, service: "registry", issuer: "tokens", rootcertbundle: certificatePath },
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Pushes an image of a layout with skopeo, as `someone` if `password` is said. */
export async function push(
  layout: string,
  image: string,
  { password, format = "oci" }: { password?: boolean; format?: string } = {},
): Promise<void> {
  const credentials = password === true ? ["--dest-creds", `someone:${PASSWORD}`] : [];
  const options = ["--insecure-policy", "-q", "--dest-tls-verify=false", "--format", format, ...credentials];
  // Not synchronously: it may talk to a server of this process.
  await promisify(execFile)("skopeo", ["copy", ...options, `oci:${layout}`, `docker://${image}`]);
}

async function answers(child: ChildProcess, host: string): Promise<boolean> {
  if (child.exitCode !== null) throw new Error(`docker-registry ended with ${child.exitCode}`);
  // With or without TLS: it listens.
  const [address, port] = host.split(":");
  const socket = connect({ host: address ?? "", port: Number(port) });
  return await once(socket, "connect")
    .then(
      () => true,
      () => false,
    )
    .finally(() => socket.destroy());
}

export async function freePort(): Promise<number> {
  const server = createPort().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
