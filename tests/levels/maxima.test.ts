/** A system broker's maxima: what is lowered to them, what is refused, and where they are shown. */

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { explain, run } from "bulkhead";
import { reportHost } from "bulkhead/host";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { forEachLevel } from "../support/levels.js";
import { SystemBroker } from "../support/system-broker.js";

const bundle = fileURLToPath(new URL("../../packages/cli/dist/bulkhead.cjs", import.meta.url));
const MIB = 1024 * 1024;

await forEachLevel((level) => {
  // With room for the wall of every level, and less than the defaults need with it.
  const maxima: Readonly<Record<typeof level, number>> = { chroot: 256, container: 256, gvisor: 384, microvm: 600 };
  const maximum = maxima[level];
  let owned: SystemBroker;
  let broker: string;

  beforeAll(async () => {
    owned = await SystemBroker.start(["--max-memory", String(maximum * MIB), "--max-cpus", "0.5"]);
    broker = owned.socket;
  });
  afterAll(() => owned[Symbol.asyncDispose]());

  it("lowers a default to what is allowed with the wall of its level, and says so", async () => {
    const explanation = await explain({ level }, { broker });
    expect(explanation.maxima).toMatchObject({ memoryBytes: maximum * MIB, milliCpus: 500 });
    expect(explanation.plan.limits.memoryBytes).toBeLessThanOrEqual(maximum * MIB);
    // No lower than need be.
    expect(explanation.plan.limits.memoryBytes).toBeGreaterThan((maximum - 4) * MIB);
    expect(explanation.plan.limits.milliCpus).toBe(500);
    const result = await run(["echo", "ran"], { level }, { broker });
    expect(result).toMatchObject({ exitCode: 0, stdout: "ran\n" });
    expect(result.lowered).toEqual(explanation.lowered);
    expect(result.lowered).toEqual([
      expect.stringMatching(/^resources\.memory: the default of 512MiB is above the maximum/),
      expect.stringMatching(/^resources\.cpus: the default of 1 is above the maximum .* so it is 0\.5$/),
    ]);
  });

  it("refuses what is asked for above it, and names field and maximum", async () => {
    const policy = { level, resources: { memory: "1GiB" } };
    const refusal = {
      code: "LIMIT_ABOVE_MAXIMUM",
      detail: expect.stringMatching(new RegExp(`^resources\\.memory: 1024MiB .*${maximum}MiB`)),
    };
    await expect(run(["true"], policy, { broker })).rejects.toMatchObject(refusal);
    await expect(explain(policy, { broker })).rejects.toMatchObject(refusal);
  });

  it("leaves alone what is within it, asked for or not", async () => {
    const policy = { level, resources: { memory: "64MiB", cpus: 0.25 } };
    expect((await explain(policy, { broker })).lowered).toEqual([]);
    expect((await explain({ level })).lowered).toEqual([]);
    expect((await explain({ level })).maxima).toBeNull();
  });
});

describe("the maxima of a broker", () => {
  it("are in what explain and doctor show", async () => {
    await using broker = await SystemBroker.start(["--max-memory", String(256 * MIB), "--max-pids", "32"]);
    const bulkhead = (...argv: readonly string[]) =>
      execFileSync(process.execPath, [bundle, ...argv, "--broker", broker.socket], { encoding: "utf8" });
    expect(bulkhead("explain")).toMatch(/owner allows at most memory 256MiB, 32 processes, .* sandboxes of one user/);
    expect(bulkhead("explain")).toContain("resources.pids: the default of 512 is above the maximum");
    expect(bulkhead("doctor")).toMatch(/maxima +at most memory 256MiB, 32 processes/);
    expect(JSON.parse(bulkhead("doctor", "--json"))).toMatchObject({ report: { maxima: { pids: 32 } } });
    expect((await reportHost({ broker: broker.socket })).maxima).toMatchObject({ memoryBytes: 256 * MIB, pids: 32 });
    expect((await reportHost()).maxima).toBeUndefined();
  });
});
