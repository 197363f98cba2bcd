/** kill -9 of each process of Bulkhead while a service runs: the supervisor, its broker, its fronts and gates. */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { listSandboxes } from "bulkhead";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { descendantsOf, isAlive, namespaceOf, readKernelFile } from "../support/host.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { eventually } from "../support/time.js";
import { freePort, get, httpd } from "./support/services.js";

const bundle = fileURLToPath(new URL("../../packages/cli/dist/bulkhead.cjs", import.meta.url));
let directory: TemporaryDirectory;
let port: number;

beforeAll(async () => {
  directory = await TemporaryDirectory.create("kills");
  port = await freePort();
  const file = `
name: kills-${process.pid}
components:
  web:
    command: ${httpd("hello")}
    network: { allow: ["packages.example.org:443"] }
    listen: { http: { host: "127.0.0.1:${port}", port: 8080 } }
    uses: { other: other.x }
    restart: { always: true, backoff: [50ms, 50ms], limit: 1000 }
  other:
    level: chroot
    command: ${httpd("other", 8081)}
    provides: { x: { port: 8081 } }
    restart: { always: true, backoff: [50ms, 50ms], limit: 1000 }
`;
  await writeFile(directory.join("bulkhead.yaml"), file);
});
afterAll(async () => await directory?.[Symbol.asyncDispose]());

/** Starts the service; resolves when it answers. */
async function up() {
  const child = spawn(process.execPath, [bundle, "up", "--json"], { cwd: directory.path, stdio: "ignore" });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  await eventually("it answers", 60_000, answers);
  return { pid: child.pid ?? 0, ended, stop: () => child.kill("SIGTERM") };
}

const answers = async () => (await get(port).catch(() => undefined)) === "hello";

const program = (pid: number) => readKernelFile(`/proc/${pid}/cmdline`).split("\0")[0] ?? "";

/** The processes of Bulkhead, in the same order at each start. Not those inside the walls. */
function oursOf(supervisor: number): readonly number[] {
  const here = namespaceOf("self", "pid");
  return descendantsOf(supervisor).filter((pid) => namespaceOf(pid, "pid") === here && !program(pid).includes("httpd"));
}

describe.skipIf(!existsSync(bundle))("kill -9", () => {
  it("of any process of Bulkhead leaves nothing, and the next `up` starts clean", async () => {
    const programs = new Set<string>();
    let turn = 0;
    for (; ; turn++) {
      const service = await up();
      const all = descendantsOf(service.pid);
      const victim = oursOf(service.pid)[turn];
      if (victim === undefined) {
        service.stop();
        expect(await service.ended).toBe(0);
        break;
      }
      programs.add(program(victim));
      process.kill(victim, "SIGKILL");
      if (victim === service.pid) await expect(get(port)).rejects.toThrow();
      else {
        await eventually("it answers again", 60_000, answers);
        service.stop();
        expect(await service.ended).toBe(0);
      }
      await eventually("nothing of it is left", 30_000, () => !all.some(isAlive));
      expect((await listSandboxes()).sandboxes.filter(({ callerPid }) => callerPid === service.pid)).toEqual([]);
    }
    // The supervisor, the keeper and the front of its broker, and a gate.
    expect(turn).toBeGreaterThanOrEqual(4);
    expect(programs.size).toBeGreaterThanOrEqual(2);
  }, 300_000);
});
