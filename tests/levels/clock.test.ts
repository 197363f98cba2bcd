import { spawn } from "node:child_process";
import { Sandbox } from "bulkhead";
import { describe, expect, test } from "vitest";
import { shell } from "../support/inside.js";
import { isRequired, lackFor } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { sleep } from "../support/time.js";

const level = "microvm" as const;
const lack = await lackFor(level);
if (lack !== undefined && isRequired(level)) throw new Error(lack);

const LOAD_MS = 8_000;
/** Programs that keep each processor of this host busy several times over: what the emulator waits for. */
const BUSY = 12;

/**
 * The guest's clock and the host's around the same moment, in milliseconds; `within`: how far apart the looks of the
 * host were.
 */
interface Looked {
  readonly guest: number;
  readonly host: number;
  readonly within: number;
}

/**
 * The best of several looks: the one that took the least time. Busybox has no clock finer than a second but
 * /proc/uptime.
 */
async function look(sandbox: Sandbox): Promise<Looked> {
  const looks: Looked[] = [];
  for (let count = 0; count < 5; count += 1) {
    const before = performance.now();
    const { stdout } = await shell(sandbox, "cat /proc/uptime");
    const after = performance.now();
    looks.push({ guest: Number(stdout.split(" ")[0]) * 1000, host: (before + after) / 2, within: after - before });
  }
  return looks.reduce((best, one) => (one.within < best.within ? one : best));
}

/** How much of the host's time the guest missed, or had too much; and how exactly that is known. */
async function drift(sandbox: Sandbox, during: () => Promise<void>): Promise<{ offMs: number; knownToMs: number }> {
  const before = await look(sandbox);
  await during();
  const after = await look(sandbox);
  const offMs = after.guest - before.guest - (after.host - before.host);
  // /proc/uptime counts in hundredths.
  return { offMs, knownToMs: (before.within + after.within) / 2 + 20 };
}

describe.skipIf(lack !== undefined)(`the clock of a guest${lack === undefined ? "" : ` (skipped: ${lack})`}`, () => {
  test("keeps up with the host's while that is busy", async () => {
    await using sandbox = await Sandbox.create({ level });
    const { offMs, knownToMs } = await drift(sandbox, async () => {
      const busy = Array.from({ length: BUSY }, () => spawn("sh", ["-c", "while :; do :; done"], { stdio: "ignore" }));
      const inside = await sandbox.exec(["sh", "-c", "while :; do :; done"]);
      try {
        await sleep(LOAD_MS);
      } finally {
        for (const child of busy) child.kill("SIGKILL");
        inside.kill("SIGKILL");
      }
    });
    expect(Math.abs(offMs)).toBeLessThan(knownToMs + LOAD_MS / 100);
    const { stdout } = await shell(sandbox, "date +%s");
    expect(Math.abs(Number(stdout) - Date.now() / 1000)).toBeLessThan(3);
  });

  test("has advanced after a pause, as the host's has", async () => {
    await using sandbox = await Sandbox.create({ level });
    const { offMs, knownToMs } = await drift(sandbox, async () => {
      await sandbox.pause();
      await sleep(3_000);
      await sandbox.resume();
    });
    expect(Math.abs(offMs)).toBeLessThan(knownToMs + 100);
  });

  test("is right in a copy that resumes some time after the snapshot", async () => {
    await using directory = await TemporaryDirectory.create("clock");
    await using sandbox = await Sandbox.create({ level });
    const { digest } = await sandbox.snapshot(directory.join("snapshot"));
    await sleep(5_000);
    await using copy = await Sandbox.restore(directory.join("snapshot"), { digest });
    const { stdout } = await shell(copy, "date +%s");
    expect(Math.abs(Number(stdout) - Date.now() / 1000)).toBeLessThan(3);
  });
});
