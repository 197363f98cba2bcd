/** The lock that `up` takes before it replaces a control socket. */

import { spawn } from "node:child_process";
import { lstatSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { newToken } from "bulkhead/host";
import { afterEach, beforeEach, expect, it } from "vitest";
import { withLock } from "../src/services/control/claim.js";

let directory: string;
const lock = () => join(directory, "x.lock");
const dead = (pid: number) => newToken().replace(/^\d+/, String(pid));

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "bulkhead-claim-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** A pid that no process has any more. */
async function endedPid(): Promise<number> {
  const child = spawn("true");
  await new Promise((resolve) => child.once("close", resolve));
  return child.pid ?? 0;
}

/** Takes the lock, and says how many had it at the same time at most. */
async function contend(count: number): Promise<{ most: number; done: number }> {
  let [now, most, done] = [0, 0, 0];
  await Promise.all(
    Array.from({ length: count }, async () => {
      await withLock(lock, 60_000, async () => {
        most = Math.max(most, ++now);
        await sleep(2);
        now -= 1;
        done += 1;
      });
    }),
  );
  return { most, done };
}

it("is one process's at a time, also when its last owner was killed", async () => {
  const pid = await endedPid();
  symlinkSync(dead(pid), lock());
  expect(await contend(20)).toEqual({ most: 1, done: 20 });
  expect(readdirSync(directory)).toEqual([]);
});

it("recovers when one was killed that was removing a dead one's", async () => {
  const [first, second] = [dead(await endedPid()), dead(await endedPid())];
  symlinkSync(first, lock());
  symlinkSync(second, `${lock()}.${first}`);
  expect(await contend(5)).toEqual({ most: 1, done: 5 });
  expect(readdirSync(directory)).toEqual([]);
});

it("stays a living process's", async () => {
  symlinkSync(newToken(), lock());
  expect(await withLock(lock, 200, async () => "mine")).toBeUndefined();
  expect(lstatSync(lock()).isSymbolicLink()).toBe(true);
});
