/** What docs/versioning.md promises: documents of version 0.1 are read, and parts that do not fit say so by code. */

import { existsSync, readdirSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { loadPolicy } from "bulkhead";
import { Broker } from "bulkhead/host";
import { parsePolicy } from "bulkhead/policy";
import { openPublicKey, readRecord, verifyRecord } from "bulkhead/record";
import { describe, expect, it } from "vitest";
import { readFacts } from "../../packages/bulkhead/src/sandbox/snapshot/facts.js";
import { execute } from "../examples/support/execute.js";
import { root } from "../structure/support/sources.js";
import { WARDEN_PATH } from "../support/programs.js";
import { SystemBroker } from "../support/system-broker.js";
import { TemporaryDirectory } from "../support/temporary.js";

const fixture = (name: string) => join(import.meta.dirname, "fixtures/0.1", name);

describe("documents of version 0.1", () => {
  it("policy: its fields mean what they meant", async () => {
    const policy = parsePolicy(await loadPolicy(fixture("policy.yaml")));
    expect(policy).toMatchObject({
      hostname: "sandbox",
      resources: { memoryBytes: 512 * 1024 * 1024, pids: 64, timeMs: 30_000, openFiles: 256 },
      tcp: { bind: [8080], connect: [443] },
      require: ["seccomp", "landlock", "cgroup.memory"],
    });
  });

  it("record: its signature holds, and it says how the run ended", async () => {
    const key = openPublicKey(fixture("record.pub"));
    const { predicate } = verifyRecord(await readRecord(fixture("run.record")), key);
    expect(predicate).toMatchObject({ level: "container", warden: { version: "0.1.0" }, result: { exitCode: 7 } });
    expect(predicate.enforcement.protections.find(({ protection }) => protection === "seccomp")?.status).toBe(
      "enforced",
    );
  });

  it("snapshot: its description is read", async () => {
    await using directory = await TemporaryDirectory.create("versions");
    const path = directory.join("snapshot.json");
    await copyFile(fixture("snapshot.facts"), path);
    const { facts } = await readFacts(path);
    expect(facts).toMatchObject({ policy: { level: "microvm" }, vouched: true, files: [{ name: "state" }] });
  });
});

describe("a broker of another version", () => {
  it("of another generation: the library refuses it, and names its version", async () => {
    await using broker = await SystemBroker.start(["--allow-uid", String(process.getuid?.() ?? 0)]);
    await using other = await OtherGeneration.before(broker.socket);
    await expect(Broker.connect(other.socket)).rejects.toMatchObject({
      code: "BROKER_INCOMPATIBLE",
      detail: "hello.generation, from broker 0.1.0",
    });
  });

  const builds = join(root, ".setup/against");
  const [old] = existsSync(builds) ? readdirSync(builds).map((name) => join(builds, name)) : [];
  const lack = old === undefined ? " (skipped: `npm run bench -- --against REVISION` makes an older build)" : "";
  it.skipIf(old === undefined).each([
    ["this library, the older broker", root, join(old ?? "", "packages/bulkhead/bin/warden")],
    ["the older library, this broker", old ?? "", WARDEN_PATH],
  ])(`%s: works, or ends with 125 and a code${lack}`, async (_, checkout, warden) => {
    const env = { BULKHEAD_WARDEN: warden, BULKHEAD_OFFLINE: "1" };
    const argv = [join(checkout, "packages/cli/dist/bulkhead.cjs"), "run", "--", "echo", "works"];
    const { code, output } = await execute(process.execPath, argv, root, { env });
    expect([0, 125]).toContain(code);
    expect(output).toMatch(
      code === 0 ? /^works$/m : /^bulkhead: (BROKER_INCOMPATIBLE|BROKER_UNAVAILABLE|PLAN_INVALID):/m,
    );
  });
});

/** A real broker whose hello has the next generation's number. */
class OtherGeneration implements AsyncDisposable {
  private constructor(
    readonly socket: string,
    private readonly close: () => Promise<void>,
  ) {}

  static async before(broker: string): Promise<OtherGeneration> {
    const directory = await TemporaryDirectory.create("generation");
    const sockets = new Set<Socket>();
    const server = createServer((client) => {
      const upstream = connect(broker);
      for (const socket of [client, upstream]) sockets.add(socket.on("error", () => socket.destroy()));
      client.pipe(upstream);
      let received = Buffer.alloc(0);
      upstream.on("data", (bytes) => {
        received = Buffer.concat([received, bytes]);
        if (received.length < 4 || received.length < 4 + received.readUInt32BE(0)) return;
        const hello = JSON.parse(received.toString("utf8", 4, 4 + received.readUInt32BE(0))) as Readonly<
          Record<string, unknown>
        >;
        const changed = Buffer.from(JSON.stringify({ ...hello, generation: Number(hello["generation"]) + 1 }));
        const length = Buffer.alloc(4);
        length.writeUInt32BE(changed.length);
        client.write(Buffer.concat([length, changed]));
      });
    });
    const socket = directory.join("socket");
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    return new OtherGeneration(socket, async () => {
      for (const each of sockets) each.destroy();
      await new Promise((resolve) => server.close(resolve));
      await directory[Symbol.asyncDispose]();
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
