/** Code of an attacker in one component of an example, and what `blast` says that it gains. */

import type { RunningService, Service } from "bulkhead/services";
import { expect } from "vitest";

/** Lists all that it could be allowed to reach, and tries all that it must not. */
const ATTACK = `
const fs = require("node:fs"), net = require("node:net");
const names = (path) => { try { return fs.readdirSync(path).sort(); } catch { return []; } };
const does = (what) => { try { what(); return true; } catch { return false; } };
const accepts = (options) => new Promise((resolve) => {
  const socket = net.connect(options, () => { socket.destroy(); resolve(true); });
  socket.on("error", () => resolve(false));
  setTimeout(() => { socket.destroy(); resolve(false); }, 3000).unref();
});
const { ports, directories } = JSON.parse(process.argv[1]);
(async () => {
  const sockets = [];
  for (const name of names("/run/bulkhead")) if (await accepts({ path: "/run/bulkhead/" + name })) sockets.push(name);
  const tcp = [];
  for (let host = 1; host < 6; host++) for (const port of ports)
    if (await accepts({ host: "127.0.0." + host, port })) tcp.push("127.0.0." + host + ":" + port);
  const outside = [];
  for (const host of ["10.0.2.2", "172.17.0.1", "192.168.0.1", "169.254.169.254"]) if (await accepts({ host, port: 80 })) outside.push(host);
  const pids = names("/proc").filter((name) => /^\\d+$/.test(name));
  const contents = (file) => pids.flatMap((pid) => {
    try { return [fs.readFileSync("/proc/" + pid + "/" + file, "utf8")]; } catch { return []; }
  });
  const reads = directories.filter((path) => does(() => fs.readdirSync(path)));
  const writes = directories.filter((path) => does(() => {
    fs.writeFileSync(path + "/attack", "x");
    fs.rmSync(path + "/attack");
  }));
  const secrets = names("/run/secrets");
  const app = names("/app").map((name) => fs.readFileSync("/app/" + name, "utf8")).join("");
  const mains = contents("cmdline").filter((line) => line.split("\\0")[1] === "/app/main.mjs").length;
  console.log(JSON.stringify({ sockets, tcp, outside, secrets, app, reads, writes, mains, environments: contents("environ").join() }));
})();
`;

export interface Loot {
  readonly sockets: readonly string[];
  readonly tcp: readonly string[];
  readonly outside: readonly string[];
  readonly secrets: readonly string[];
  /** The text of the program's files. */
  readonly app: string;
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  /** Processes that run a component's program. */
  readonly mains: number;
  readonly environments: string;
}

/** Runs the attack in a component: at these ports, and at every directory that any component mounts. */
export async function attackFrom(
  running: RunningService,
  { spec }: Service,
  component: string,
  ports: readonly number[],
): Promise<Loot> {
  const directories = [...new Set(spec.components.flatMap(({ mounts }) => mounts.map(({ at }) => at)))];
  const attack = ["node", "-e", ATTACK, JSON.stringify({ ports, directories })];
  const { stdout, stderr } = await (await running.exec(component, attack, { buffer: true })).result;
  expect(stderr).toBe("");
  return JSON.parse(stdout);
}

/**
 * The loot is what `blast` names: a difference either way fails. `listening`: its own servers, as `ADDRESS:PORT`.
 * `mains`: whether its program is a `main.mjs`.
 */
export function expectBlast(
  service: Service,
  name: string,
  loot: Loot,
  { listening = [], mains = 1 }: { readonly listening?: readonly string[]; readonly mains?: number } = {},
): void {
  const blast = service.blast(name);
  const { channels, components } = service.spec;
  const own = channels.filter(({ consumer }) => consumer === name);
  // Components that it reaches directly: those behind sockets that accept. Others share a host path.
  const reached = own
    .filter((channel) => loot.sockets.includes(`${channel.name}.sock`))
    .map(({ provider }) => provider);
  const named = blast.components.filter(({ distance, by }) => distance === 1 && !by.startsWith("/"));
  expect([...reached].sort()).toEqual(named.map((one) => one.name).sort());
  expect(loot.sockets).toHaveLength(reached.length);
  const tcp = own.flatMap(({ inside }) => (inside.tcp === null ? [] : [`${inside.tcp.address}:${inside.tcp.port}`]));
  expect([...loot.tcp].sort()).toEqual([...tcp, ...listening].sort());
  expect(loot.outside).toEqual(blast.hosts);
  expect(loot.secrets).toEqual(blast.secrets);
  expect([...loot.reads].sort()).toEqual(blast.reads.map(({ at }) => at).sort());
  expect([...loot.writes].sort()).toEqual(blast.writes.map(({ at }) => at).sort());
  // Its own program, and at most itself: no process of another component.
  expect(loot.mains).toBe(mains);
  for (const secret of new Set(components.flatMap(({ secretFiles }) => secretFiles.map((one) => one.name)))) {
    expect(loot.environments.includes(`${secret}_FILE`)).toBe(blast.secrets.includes(secret));
  }
}
