// `unshare --net --mount node --import tsx world.ts DIRECTORY`: a company's network on one loopback interface:
// registries, and a proxy that alone knows some of their names. Prints what came of each pull.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import { connect } from "node:net";
import { join } from "node:path";
import { openImage } from "../../../../packages/bulkhead/src/images/open.js";
import type { RegistryOptions } from "../../../../packages/bulkhead/src/images/registry/settings.js";
import { eventually } from "../../../support/time.js";
import { LayoutWriter } from "../layout.js";
import { Authority } from "../registry/certificates.js";
import { push, startRegistry } from "../registry/real.js";
import { tar } from "../tar.js";

/** What came of one pull, and what the proxy was asked for meanwhile. */
export interface Outcome {
  readonly code: string;
  readonly detail: string;
  readonly message: string;
  readonly proxied: readonly string[];
}

const directory = process.argv[2] ?? "";
const at = (name: string) => join(directory, name);
const ip = (...args: readonly string[]) => execFileSync("ip", args);
const [REGISTRY, PROXY] = ["10.20.30.40", "10.20.30.41"];

ip("link", "set", "lo", "up");
for (const address of [REGISTRY, PROXY]) ip("address", "add", `${address}/32`, "dev", "lo");
hosts("hosts", `127.0.0.1 localhost\n${REGISTRY} known.test\n`);
const hostsOfProxy = hosts(
  "hosts-of-proxy",
  `127.0.0.1 localhost\n${REGISTRY} known.test hidden.test evil.test plain.test\n`,
);
execFileSync("mount", ["--bind", at("hosts"), "/etc/hosts"]);

function hosts(name: string, text: string): string {
  writeFileSync(at(name), text);
  return at(name);
}

const company = new Authority(at("company"));
const names = ["DNS:known.test", "DNS:hidden.test", "DNS:evil.test", `IP:${REGISTRY}`];
const { certPath, keyPath, cert, key } = company.issue("registry", names);
process.env["NODE_EXTRA_CA_CERTS"] = company.path;

const layout = await LayoutWriter.create(at("layout"));
await layout.index(await layout.image([tar({ name: "file", data: "x" })]));
const plain = await startRegistry(at("registry"), undefined, { address: `${REGISTRY}:5000` });
await push(layout.path, `${plain.host}/team/tool:v1`);
const tls = { certificate: certPath, key: keyPath };
const registry = await startRegistry(at("registry"), undefined, { tls, address: `${REGISTRY}:443` });
const evil = createServer({ cert, key }, (_request, response) => {
  response.writeHead(307, { location: "https://metadata.google.internal/v2/" }).end();
}).listen(444, REGISTRY);

/** Debian's tinyproxy, which sees other names than this process. */
function startProxy(port: number, more: string): { readonly log: string; readonly stop: () => void } {
  const log = at(`proxy-${port}.log`);
  writeFileSync(log, "");
  const lines = [`Port ${port}`, `Listen ${PROXY}`, "Timeout 60", "LogLevel Connect", "MaxClients 50", more];
  writeFileSync(at(`proxy-${port}.conf`), `${lines.join("\n")}\n`);
  const script = `mount --bind ${hostsOfProxy} /etc/hosts && exec tinyproxy -d -c ${at(`proxy-${port}.conf`)} > ${log}`;
  const child = spawn("unshare", ["--mount", "sh", "-c", script], { stdio: "ignore" });
  return { log, stop: () => void child.kill("SIGKILL") };
}

const open = startProxy(3128, "");
const closed = startProxy(3129, "BasicAuth someone pass-word");
process.once("exit", () => {
  open.stop();
  closed.stop();
});
for (const port of [3128, 3129]) await eventually("the proxy listens", 10_000, () => listens(port));

async function listens(port: number): Promise<boolean> {
  const socket = connect({ host: PROXY, port });
  const connected = once(socket, "connect").then(
    () => true,
    () => false,
  );
  return await connected.finally(() => socket.destroy());
}

const outcomes: Record<string, Outcome> = {};
let count = 0;

async function pull(name: string, image: string, env: NodeJS.ProcessEnv, options: RegistryOptions = {}): Promise<void> {
  const before = [open, closed].map(({ log }) => readFileSync(log, "utf8").length);
  const variables = Object.keys(env);
  Object.assign(process.env, env);
  count += 1;
  const registryOptions = { dockerConfig: at("docker"), timing: { tries: 2, waitMs: 5 }, ...options };
  const {
    code = "",
    detail = "",
    message = "",
  } = (await openImage(image, {
    store: at(`store-${count}`),
    registry: registryOptions,
  }).then(
    () => ({ code: "pulled" }),
    (error: { code: string; detail?: string; message: string }) => error,
  )) as { code?: string; detail?: string; message?: string };
  for (const variable of variables) delete process.env[variable];
  const said = [open, closed].map(({ log }, index) => readFileSync(log, "utf8").slice(before[index]));
  const proxied = [...said.join("").matchAll(/Request \(file descriptor \d+\): (\S+ \S+)/g)].map(
    ([, line = ""]) => line,
  );
  outcomes[name] = { code, detail, message, proxied: [...new Set(proxied)] };
}

const proxy = `http://${PROXY}:3128`;
const tool = "team/tool:v1";
await pull("by HTTPS_PROXY", `hidden.test:443/${tool}`, { HTTPS_PROXY: proxy });
await pull("by https_proxy, without a protocol", `hidden.test/${tool}`, { https_proxy: `${PROXY}:3128` });
await pull("without a proxy", `hidden.test:443/${tool}`, {});
await pull("by the proxy of the other protocol", `hidden.test:443/${tool}`, { HTTP_PROXY: proxy });
await pull("by address", `${REGISTRY}:443/${tool}`, { HTTPS_PROXY: proxy });
const dead = `http://${PROXY}:9`;
await pull("NO_PROXY name", `known.test:443/${tool}`, { HTTPS_PROXY: dead, NO_PROXY: "known.test" });
await pull("NO_PROXY domain", `known.test:443/${tool}`, { HTTPS_PROXY: dead, no_proxy: ".test" });
await pull("NO_PROXY name and port", `known.test:443/${tool}`, { HTTPS_PROXY: dead, NO_PROXY: "known.test:443" });
await pull("NO_PROXY CIDR", `${REGISTRY}:443/${tool}`, { HTTPS_PROXY: dead, NO_PROXY: "10.20.0.0/16" });
await pull("NO_PROXY other", `known.test:443/${tool}`, { HTTPS_PROXY: dead, NO_PROXY: "known.test:444,nown.test" });
await pull("a proxy that is not there", `hidden.test:443/${tool}`, { HTTPS_PROXY: `http://u:secret@${PROXY}:9` });
const asked = (user: string) => `http://${user}@${PROXY}:3129`;
await pull("with a password", `hidden.test:443/${tool}`, { HTTPS_PROXY: asked("someone:pass%2Dword") });
await pull("with a wrong password", `hidden.test:443/${tool}`, { HTTPS_PROXY: asked("someone:secret") });
await pull("with no password", `hidden.test:443/${tool}`, { HTTPS_PROXY: `http://${PROXY}:3129` });
await pull("a name that nobody knows", `nowhere.test:443/${tool}`, { HTTPS_PROXY: proxy });
await pull("another authority", `hidden.test:443/${tool}`, { HTTPS_PROXY: proxy, NODE_EXTRA_CA_CERTS: "" });
process.env["NODE_EXTRA_CA_CERTS"] = company.path;
const insecure = { insecure: ["plain.test:5000"] };
await pull("without TLS", `plain.test:5000/${tool}`, { HTTP_PROXY: proxy, HTTPS_PROXY: proxy }, insecure);
await pull(
  "without TLS, with a password",
  `plain.test:5000/${tool}`,
  { HTTP_PROXY: asked("someone:pass%2Dword") },
  insecure,
);
await pull("without TLS, not allowed", `plain.test:5000/${tool}`, { HTTP_PROXY: proxy, HTTPS_PROXY: proxy });
await pull("to metadata, by a redirect", `evil.test:444/${tool}`, { HTTPS_PROXY: proxy });
await pull("to metadata, by name", `169.254.169.254:443/${tool}`, { HTTPS_PROXY: proxy });

process.stdout.write(JSON.stringify(outcomes));
evil.closeAllConnections();
await registry[Symbol.asyncDispose]();
await plain[Symbol.asyncDispose]();
process.exit(0);
