/** Components that attack the process that supervises them, or reach for what their service file does not give them. */

import { once } from "node:events";
import { chown, mkdir, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { Sandbox } from "bulkhead";
import { expect, it } from "vitest";
import { forEachLevel } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { eventually } from "../support/time.js";
import { freePort, get, httpd, Recorded } from "./support/services.js";

/** Workloads write to it as an unprivileged owner. */
async function writable(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  if (process.getuid?.() === 0) await chown(path, 1000, 1000);
}

await forEachLevel((level) => {
  it("a link in place of a mount below a component's own directory leads its next start nowhere", async () => {
    await using directory = await TemporaryDirectory.create("links", 0o755);
    const [data, outside] = [join(directory.path, "data"), join(directory.path, "outside")];
    for (const path of [data, join(data, "top"), join(data, "top/sub"), outside]) await writable(path);
    await writable(join(outside, "sub"));
    await writeFile(join(outside, "sub/asset"), "asset of the host");
    await writeFile(join(data, "top/sub/mine"), "mine\n");
    const attack = `cat /sub/*; mv /data/top /data/old; ln -s ${outside} /data/top; exit 1`;
    await using service = await Recorded.up(`
name: links
components:
  web:
    level: ${level}
    command: [sh, -c, "${attack}"]
    files: [{ host: "${data}", at: /data, mode: rw }, { host: "${data}/top/sub", at: /sub }]
    restart: { backoff: [10ms, 10ms], limit: 3 }
`);
    await eventually("it has failed", 30_000, () => service.state("web") === "failed");
    expect(service.lines("web")[0]).toBe("mine");
    expect(service.lines("web").join()).not.toContain("asset");
    expect(service.running.status()[0]?.reason).toContain("symbolic link");
  });

  it("a link does not lead the next sandbox of one policy either, such as those of a pool", async () => {
    await using directory = await TemporaryDirectory.create("links", 0o755);
    const [data, outside] = [join(directory.path, "data"), join(directory.path, "outside")];
    for (const path of [data, join(data, "top"), join(data, "top/sub"), outside]) await writable(path);
    await writable(join(outside, "sub"));
    const files = [
      { host: data, at: "/data", mode: "rw" as const },
      { host: join(data, "top/sub"), at: "/sub" },
    ];
    {
      await using sandbox = await Sandbox.create({ level, files });
      await sandbox.run(["sh", "-c", `mv /data/top /data/old && ln -s ${outside} /data/top`]);
    }
    await expect(Sandbox.create({ level, files })).rejects.toMatchObject({ code: "MOUNT_SOURCE_LINK" });
  });

  it("connections that strangers hold open leave room for others", async () => {
    const port = await freePort();
    await using service = await Recorded.up(`
name: held
components:
  web: { level: ${level}, command: ${httpd("open")}, listen: { http: { host: "127.0.0.1:${port}", port: 8080 } } }
`);
    const held = Array.from({ length: 100 }, () => connect(port, "127.0.0.1").on("error", () => undefined));
    await Promise.all(held.map(async (socket) => await once(socket, "connect")));
    expect(await get(port)).toBe("open");
    for (const socket of held) socket.destroy();
    expect(service.state("web")).toBe("ready");
  });

  it("a component that writes only ends of lines leaves the others their turn", async () => {
    const port = await freePort();
    await using service = await Recorded.up(`
name: flood
components:
  loud: { level: ${level}, command: [yes, ""] }
  web: { level: ${level}, command: ${httpd("calm")}, listen: { http: { host: "127.0.0.1:${port}", port: 8080 } } }
`);
    for (let request = 0; request < 10; request++) expect(await get(port)).toBe("calm");
    expect(service.lines("loud").length).toBeGreaterThan(1000);
  });
});
