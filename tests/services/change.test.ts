/** A running service to which another file is applied. */

import { writeFile } from "node:fs/promises";
import { Service } from "bulkhead/services";
import { describe, expect, it } from "vitest";
import { LEVELS_UNDER_TEST } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { eventually } from "../support/time.js";
import { freePort, get, httpd, Recorded } from "./support/services.js";

const level = LEVELS_UNDER_TEST.at(-1) ?? "container";
const spec = async (text: string) => (await Service.parse(text, process.cwd())).spec;

describe(`a change at level ${level}`, () => {
  const file = (port: number, text: string, more = "") => `
name: changing
components:
  web:
    level: ${level}
    command: ${httpd(text)}
    listen: { http: { host: "127.0.0.1:${port}", port: 8080 } }
    ready: { http: /, port: 8080, timeout: 2s }
    restart: { backoff: [10ms, 10ms], limit: 2 }
  other: { level: ${level}, command: [sleep, "60"] }
${more}`;

  it("restarts only what changed, and loses no request of those that come meanwhile", async () => {
    const port = await freePort();
    await using service = await Recorded.up(file(port, "one"));
    const idOf = (name: string) => service.running.status().find((one) => one.name === name)?.sandbox;
    const other = idOf("other");
    const answers: string[] = [];
    let changing = true;
    const load = Array.from({ length: 10 }, async () => {
      for (let request = 0; request < 100 || changing; request++) answers.push(await get(port));
    });
    await eventually("some are answered", 20_000, () => answers.length > 50);
    const changes = await service.running.change(await spec(file(port, "two")));
    changing = false;
    await Promise.all(load);
    expect(changes).toEqual([
      { component: "web", action: "restart", why: ["command"] },
      { component: "other", action: "keep", why: [] },
    ]);
    expect(idOf("other")).toBe(other);
    expect(answers.length).toBeGreaterThanOrEqual(1000);
    expect(new Set(answers)).toEqual(new Set(["one", "two"]));
    expect(await get(port)).toBe("two");
  });

  it("does not take the file of another service", async () => {
    const port = await freePort();
    await using service = await Recorded.up(file(port, "one"));
    const other = await spec(file(port, "two").replace("name: changing", "name: other"));
    for (const apply of [service.running.change(other), service.running.changes(other)]) {
      await expect(apply).rejects.toMatchObject({ code: "SERVICE_INVALID", detail: expect.stringContaining("other") });
    }
    expect(service.running.name).toBe("changing");
    expect(await get(port)).toBe("one");
  });

  it("leaves no port open when the service is stopped in the middle", async () => {
    const [port, next] = [await freePort(), await freePort()];
    await using service = await Recorded.up(file(port, "one"));
    const never = file(next, "two").replace(
      "ready: { http: /, port: 8080, timeout: 2s }",
      'ready: { command: ["false"] }',
    );
    const changing = service.running.change(await spec(never)).catch((error: unknown) => error);
    await eventually("it starts", 20_000, () => service.states("web").at(-1) === "starting");
    await service.running.down();
    await changing;
    for (const one of [port, next]) await expect(get(one)).rejects.toThrow();
  });

  it("starts what is new and stops what is gone", async () => {
    const port = await freePort();
    const more = `  more: { level: ${level}, command: [sleep, "60"] }\n`;
    await using service = await Recorded.up(file(port, "one", more));
    await service.running.change(await spec(file(port, "one")));
    expect(service.running.status().map(({ name }) => name)).toEqual(["web", "other"]);
    await service.running.change(await spec(file(port, "one", more)));
    expect(service.state("more")).toBe("ready");
    expect(service.states("web").filter((state) => state === "ready")).toHaveLength(1);
  });

  it("goes back to what ran before when the new one does not become ready", async () => {
    const port = await freePort();
    await using service = await Recorded.up(file(port, "one"));
    const broken = file(port, "two").replace("-p 8080", "-p 8081");
    await expect(service.running.change(await spec(broken))).rejects.toMatchObject({ code: "SERVICE_ROLLED_BACK" });
    expect(await get(port)).toBe("one");
    expect(await service.running.changes(await spec(file(port, "one")))).toEqual([
      { component: "web", action: "keep", why: [] },
      { component: "other", action: "keep", why: [] },
    ]);
  });

  it("sees that a file which a component reads is another one", async () => {
    await using directory = await TemporaryDirectory.create("changed", 0o755);
    const data = directory.join("data");
    await writeFile(data, "one", { mode: 0o644 });
    const text = `
name: files
components:
  reader: { level: ${level}, files: [{ host: ${directory.path}, at: /data }], command: [sleep, "60"] }
`;
    await using service = await Recorded.up(text);
    expect((await service.running.changes(await spec(text)))[0]?.action).toBe("keep");
    await writeFile(data, "two and more");
    expect((await service.running.changes(await spec(text)))[0]).toEqual({
      component: "reader",
      action: "restart",
      why: ["files on the host"],
    });
  });
});
