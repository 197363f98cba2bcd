/**
 * A host on which this user can have no sandbox at any level: nothing may run, and the message must say why and the
 * cure.
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { BulkheadError, run, Sandbox } from "bulkhead";
import { levelAvailability, reportHost } from "bulkhead/host";
import { type Case, runList } from "./list.js";

const REMEDY = /unprivileged_userns_clone/;
const LEVELS = ["chroot", "container"] as const;

const library: readonly Case[] = LEVELS.flatMap((level) => [
  {
    name: `run at ${level} is refused with the remedy`,
    check: async () => await assert.rejects(run(["true"], { level }), isClear),
  },
  {
    name: `a sandbox at ${level} is refused with the remedy`,
    check: async () => await assert.rejects(Sandbox.create({ level }), isClear),
  },
]);

const none: Case = {
  name: "no level is said to be available",
  check: async () => {
    const available = levelAvailability(await reportHost()).filter((one) => one.available);
    assert.deepEqual(available, []);
  },
};

const cases: readonly Case[] = [
  ...library,
  ...LEVELS.map((level) => ({
    name: `bulkhead run --level ${level} ends with 125 and the remedy, and nothing has run`,
    check: () => {
      const { status, stdout, stderr } = bulkhead("run", "--level", level, "--", "echo", "it ran");
      assert.equal(status, 125, stderr);
      assert.equal(stdout, "");
      assert.match(stderr, REMEDY);
    },
  })),
  {
    name: "bulkhead doctor explains it",
    check: () => {
      assert.match(bulkhead("doctor").stdout, REMEDY);
    },
  },
];

function isClear(error: unknown): boolean {
  assert.ok(error instanceof BulkheadError, String(error));
  assert.ok(["LEVEL_UNAVAILABLE", "USERNS_REFUSED"].includes(error.code), error.code);
  assert.match(`${error.message} ${error.remedy} ${error.detail}`, REMEDY);
  return true;
}

function bulkhead(...args: readonly string[]) {
  return spawnSync("node", ["packages/cli/dist/bulkhead.cjs", ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
}

await runList("refusal", [{ gate: none, cases }]);
