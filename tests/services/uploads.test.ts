/**
 * The uploads example, and what an attacker gains who runs code in one of its components: exactly what `blast` names.
 */

import { createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Level } from "bulkhead";
import { type RunningService, Service, type ServiceEvent } from "bulkhead/services";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  canBuildDebian,
  DEBIAN_IMAGE_MS,
  type DebianImage,
  debianImage,
  hasMmdebstrap,
} from "../support/debian-image.js";
import { forEachLevel, isRequired } from "../support/levels.js";
import { eventually } from "../support/time.js";
import { attackFrom, expectBlast } from "./support/attacker.js";
import { freePort } from "./support/services.js";

const directory = fileURLToPath(new URL("../../examples/services/uploads/", import.meta.url));
const PICTURE = `P2 2 2 255\n0 255 255 0\n`;

/** The example's file, on another port, with its converter at this level and its signer at chroot. */
async function exampleAt(level: Level, port: number, image: DebianImage): Promise<Service> {
  const text = (await readFile(`${directory}bulkhead.yaml`, "utf8"))
    .replace("name: uploads", `name: uploads-${process.pid}`)
    .replaceAll("127.0.0.1:8080", `127.0.0.1:${port}`)
    .replaceAll("localhost/bulkhead-uploads", image.name)
    .replace(/^ {2}converter:.*$/m, `  converter:\n    level: ${level}`)
    .replace(/^ {2}signer:.*$/m, "  signer:\n    level: chroot");
  return await Service.parse(text, directory);
}

if (canBuildDebian) await forEachLevel(cases);
else {
  it.skipIf(!isRequired("mmdebstrap"))(
    "an image of nginx and ImageMagick (skipped: no mmdebstrap, or no network)",
    () => {
      throw new Error(hasMmdebstrap ? "BULKHEAD_OFFLINE is set" : "apt-get install mmdebstrap");
    },
  );
}

function cases(level: Level): void {
  let service: Service;
  let running: RunningService;
  let port: number;
  const events: ServiceEvent[] = [];

  beforeAll(async () => {
    port = await freePort();
    const image = await debianImage();
    service = await exampleAt(level, port, image);
    running = await service.up({
      images: { store: image.store, pull: "never" },
      onEvent: (event) => events.push(event),
    });
  }, DEBIAN_IMAGE_MS);
  afterAll(async () => await running?.down());

  it("converts and signs a picture", async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: PICTURE });
    const { thumbnail, signature } = (await answer.json()) as { thumbnail: string; signature: string };
    const png = Buffer.from(thumbnail, "base64");
    expect(png.subarray(0, 8).toString("latin1")).toBe("\x89PNG\r\n\x1a\n");
    // Width and height of its header.
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([64, 64]);
    const key = await readFile(`${directory}key.example`);
    expect(signature).toBe(createHmac("sha256", key).update(png).digest("hex"));
    await eventually("the connections are reported", 5_000, () =>
      ["api.http", "converter.rpc", "signer.rpc"].every((offer) =>
        events.some(
          (event) =>
            event.kind === "channel" && `${event.event.channel.provider}.${event.event.channel.offer}` === offer,
        ),
      ),
    );
  });

  it.each([
    ["a program of ImageMagick's own language", "push graphic-context\nimage over 0,0 0,0 'label:@/etc/passwd'\n"],
    ["a vector image that names a file", '<svg xmlns="http://www.w3.org/2000/svg"><image href="/etc/passwd"/></svg>'],
    ["PostScript", "%!PS\n(/etc/passwd) (r) file\n"],
    ["a damaged picture", "GIF89a"],
    ["a picture that says it is huge", "P5 1000000 1000000 255\n"],
  ])("refuses %s, and serves the next request", async (_, body) => {
    const answer = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body });
    expect(answer.status).toBe(422);
    expect((await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: PICTURE })).status).toBe(200);
  });

  it.each(["front", "api", "converter", "signer"])(
    "yields to an attacker in %s what `blast` names, and nothing else",
    async (name) => {
      const loot = await attackFrom(running, service, name, [3000, 8000, port]);
      const own = { front: { listening: ["127.0.0.1:8000"], mains: 0 }, api: { listening: ["127.0.0.1:3000"] } };
      expectBlast(service, name, loot, name === "front" || name === "api" ? own[name] : {});
      const component = service.spec.components.find((one) => one.name === name);
      expect(component?.mounts.map(({ at }) => at)).toEqual(["/app"]);
      expect(loot.app).toBe(
        await readFile(`${directory}${name}/${name === "front" ? "nginx.conf" : "main.mjs"}`, "utf8"),
      );
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
}
