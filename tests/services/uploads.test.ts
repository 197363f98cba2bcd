/**
 * The uploads example, and what an attacker gains who runs code in one of its components: exactly what `blast` names.
 */

import { createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Level } from "bulkhead";
import { type RunningService, Service, type ServiceEvent } from "bulkhead/services";
import { afterAll, beforeAll, expect, it } from "vitest";
import { forEachLevel } from "../support/levels.js";
import { eventually } from "../support/time.js";
import { freePort } from "./support/services.js";

const directory = fileURLToPath(new URL("../../examples/services/uploads/", import.meta.url));
const PICTURE = `P2 2 2 255\n0 255 255 0\n`;

/** The example's file, on another port, with its converter at this level and its signer at chroot. */
async function exampleAt(level: Level, port: number): Promise<Service> {
  const text = (await readFile(`${directory}bulkhead.yaml`, "utf8"))
    .replace("name: uploads", `name: uploads-${process.pid}`)
    .replaceAll("127.0.0.1:8080", `127.0.0.1:${port}`)
    .replace(/^ {2}converter:.*$/m, `  converter:\n    level: ${level}`)
    .replace(/^ {2}signer:.*$/m, "  signer:\n    level: chroot");
  return await Service.parse(text, directory);
}

/** Code of an attacker: lists all that it could be allowed to reach, and tries all that it must not. */
const ATTACK = `
const fs = require("node:fs"), net = require("node:net");
const names = (path) => { try { return fs.readdirSync(path).sort(); } catch { return []; } };
const accepts = (options) => new Promise((resolve) => {
  const socket = net.connect(options, () => { socket.destroy(); resolve(true); });
  socket.on("error", () => resolve(false));
  setTimeout(() => { socket.destroy(); resolve(false); }, 3000).unref();
});
const ports = JSON.parse(process.argv[1]);
(async () => {
  const sockets = [];
  for (const name of names("/run/bulkhead")) if (await accepts({ path: "/run/bulkhead/" + name })) sockets.push(name);
  const tcp = [];
  for (let host = 1; host < 6; host++) for (const port of ports)
    if (await accepts({ host: "127.0.0." + host, port })) tcp.push("127.0.0." + host + ":" + port);
  const outside = [];
  for (const host of ["10.0.2.2", "172.17.0.1", "192.168.0.1", "169.254.169.254"]) if (await accepts({ host, port: 80 })) outside.push(host);
  const processes = names("/proc").filter((name) => /^\\d+$/.test(name)).flatMap((pid) => {
    try { return [fs.readFileSync("/proc/" + pid + "/cmdline", "utf8")]; } catch { return []; }
  });
  const environments = names("/proc").filter((name) => /^\\d+$/.test(name)).flatMap((pid) => {
    try { return [fs.readFileSync("/proc/" + pid + "/environ", "utf8")]; } catch { return []; }
  });
  const secrets = names("/run/secrets");
  const app = names("/app").map((name) => fs.readFileSync("/app/" + name, "utf8")).join("");
  let wrote = true;
  try { fs.writeFileSync("/app/x", "x"); } catch { wrote = false; }
  console.log(JSON.stringify({ sockets, tcp, outside, secrets, app, wrote, mains: processes.filter((line) => line.split("\\0")[1] === "/app/main.mjs").length, environments: environments.join() }));
})();
`;

interface Loot {
  readonly sockets: readonly string[];
  readonly tcp: readonly string[];
  readonly outside: readonly string[];
  readonly secrets: readonly string[];
  readonly app: string;
  readonly wrote: boolean;
  readonly mains: number;
  readonly environments: string;
}

async function attackFrom(running: RunningService, component: string, ports: readonly number[]): Promise<Loot> {
  const attack = ["node", "-e", ATTACK, JSON.stringify(ports)];
  const { stdout, stderr } = await (await running.exec(component, attack, { buffer: true })).result;
  expect(stderr).toBe("");
  return JSON.parse(stdout);
}

await forEachLevel((level) => {
  let service: Service;
  let running: RunningService;
  let port: number;
  const events: ServiceEvent[] = [];

  beforeAll(async () => {
    port = await freePort();
    service = await exampleAt(level, port);
    running = await service.up({ onEvent: (event) => events.push(event) });
  });
  afterAll(async () => await running?.down());

  it("converts and signs a picture", async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: PICTURE });
    const { thumbnail, signature } = (await answer.json()) as { thumbnail: string; signature: string };
    expect(thumbnail.split("\n")).toEqual(
      [...("    ".repeat(4).match(/.{4}/g) ?? [])].map(() => "    @@@@").concat(Array(4).fill("@@@@    ")),
    );
    const key = await readFile(`${directory}key.example`);
    expect(signature).toBe(createHmac("sha256", key).update(thumbnail).digest("hex"));
    await eventually("the connections are reported", 5_000, () =>
      ["api.http", "converter.rpc", "signer.rpc"].every((offer) =>
        events.some(
          (event) =>
            event.kind === "channel" && `${event.event.channel.provider}.${event.event.channel.offer}` === offer,
        ),
      ),
    );
  });

  it("refuses what is no picture, and serves the next request", async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: "GIF89a" });
    expect({ status: answer.status, text: await answer.text() }).toEqual({
      status: 422,
      text: "not a PGM picture (P2)\n",
    });
  });

  it.each(["front", "api", "converter", "signer"])(
    "yields to an attacker in %s what `blast` names, and nothing else",
    async (name) => {
      const blast = service.blast(name);
      const loot = await attackFrom(running, name, [3000, 8000, port]);
      const { channels, components } = service.spec;
      const own = channels.filter(({ consumer }) => consumer === name);
      // Components that it reaches directly: those behind sockets that accept.
      const reached = own
        .filter((channel) => loot.sockets.includes(`${channel.name}.sock`))
        .map(({ provider }) => provider);
      expect([...reached].sort()).toEqual(
        blast.components
          .filter(({ distance }) => distance === 1)
          .map((one) => one.name)
          .sort(),
      );
      expect(loot.sockets).toHaveLength(reached.length);
      const tcp = own.flatMap(({ inside }) =>
        inside.tcp === null ? [] : [`${inside.tcp.address}:${inside.tcp.port}`],
      );
      const listening = { front: ["127.0.0.1:8000"], api: ["127.0.0.1:3000"] }[name] ?? [];
      expect([...loot.tcp].sort()).toEqual([...tcp, ...listening].sort());
      expect(loot.outside).toEqual(blast.hosts);
      expect(loot.secrets).toEqual(blast.secrets);
      const component = components.find((one) => one.name === name);
      expect(component?.mounts.map(({ at }) => at)).toEqual(["/app"]);
      expect(loot.app).toBe(await readFile(`${directory}${name}/main.mjs`, "utf8"));
      expect(loot.wrote).toBe(blast.writes.length > 0);
      // Its own program, and at most itself: no process of another component.
      expect(loot.mains).toBe(1);
      expect(loot.environments.includes("SIGNING_KEY_FILE")).toBe(name === "signer");
    },
  );

  it("keeps serving while a component crashes, and loses no later request", async () => {
    await (await running.exec("converter", ["sh", "-c", "kill -9 1; kill -9 -1"], { buffer: true })).result.catch(
      () => undefined,
    );
    await eventually("it has started again", 30_000, () =>
      running.status().some(({ name, state, restarts }) => name === "converter" && state === "ready" && restarts > 0),
    );
    const answer = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: PICTURE });
    expect(answer.status).toBe(200);
    expect(
      running
        .status()
        .filter(({ restarts }) => restarts > 0)
        .map(({ name }) => name),
    ).toEqual(["converter"]);
  });
});
