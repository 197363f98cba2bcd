import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { BulkheadError } from "../../src/errors/bulkhead-error.js";
import { choose } from "../../src/levels/microvm/choice/choose.js";
import { monitorTrials } from "../../src/levels/microvm/choice/remembered.js";

let directory: string;
const at = (name: string) => join(directory, name);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-choose-"));
  vi.stubEnv("BULKHEAD_VMM", "qemu-tcg");
  await writeFile(at("no-program"), "", { mode: 0o644 });
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true });
});

describe("a monitor that a variable names and that is not there", () => {
  it.each(["missing", "no-program", "."])("was tried and does not work, and the message says why: %s", async (name) => {
    vi.stubEnv("BULKHEAD_QEMU", at(name));
    const tryIt = vi.fn();
    const { choice, tried, missing } = await choose(tryIt, "guest", monitorTrials(directory));
    expect(choice).toBeUndefined();
    expect(tryIt).not.toHaveBeenCalled();
    const why = expect.stringContaining(`BULKHEAD_QEMU names ${JSON.stringify(at(name))}`);
    expect(tried).toEqual([{ name: "qemu-tcg", path: at(name), trial: { works: false, why } }]);
    expect(missing).toEqual([expect.objectContaining({ what: why })]);
    expect(missing[0]?.what).toContain("unset it");
    // It may be there the next time.
    await expect(readFile(at("monitors.json"))).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("a monitor that could not be tried for its broker", () => {
  it.each(["LIMIT_ABOVE_MAXIMUM", "TOO_MANY_SANDBOXES", "BROKER_LOST"] as const)(
    "is tried again by the next one: %s",
    async (code) => {
      await writeFile(at("program"), "", { mode: 0o755 });
      vi.stubEnv("BULKHEAD_QEMU", at("program"));
      const tryIt = vi.fn(() => Promise.reject(new BulkheadError(code)));
      expect((await choose(tryIt, "guest", monitorTrials(at(code)))).choice).toBeUndefined();
      await choose(tryIt, "guest", monitorTrials(at(code)));
      expect(tryIt).toHaveBeenCalledTimes(2);
      // What its guest did is remembered.
      const failing = vi.fn(() => Promise.reject(new BulkheadError("GUEST_BOOT_FAILED")));
      await choose(failing, "guest", monitorTrials(at(code)));
      await choose(failing, "guest", monitorTrials(at(code)));
      expect(failing).toHaveBeenCalledTimes(1);
    },
  );
});
