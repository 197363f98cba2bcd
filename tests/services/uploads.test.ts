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
import { attackFrom, expectBlast } from "./support/attacker.js";
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
      const loot = await attackFrom(running, service, name, [3000, 8000, port]);
      expectBlast(service, name, loot, { front: ["127.0.0.1:8000"], api: ["127.0.0.1:3000"] }[name]);
      const component = service.spec.components.find((one) => one.name === name);
      expect(component?.mounts.map(({ at }) => at)).toEqual(["/app"]);
      expect(loot.app).toBe(await readFile(`${directory}${name}/main.mjs`, "utf8"));
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
