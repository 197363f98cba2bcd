import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
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
