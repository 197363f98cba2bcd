import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { inWorkDirectory, workPath } from "../../src/guest/kernel/work.js";
import { newToken } from "../../src/host/owner-token.js";

let kernels = "";
beforeEach(async () => {
  kernels = await mkdtemp(join(tmpdir(), "bulkhead-test-kernels-"));
  vi.stubEnv("BULKHEAD_KERNELS", kernels);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(kernels, { recursive: true, force: true });
});

describe("work directories", () => {
  test("are gone after a success and after a failure", async () => {
    const content = await inWorkDirectory(async (work) => {
      await writeFile(join(work, "file"), "");
      return await readdir(work);
    });
    expect(content).toEqual(["file"]);
    const failing = inWorkDirectory(() => Promise.reject(new Error("failed")));
    await expect(failing).rejects.toThrow("failed");
    expect(await readdir(kernels)).toEqual([]);
  });

  test("of processes that are gone are removed by the next, and nothing else", async () => {
    const dead = join(kernels, `.work-${newToken().replace(/^(\d+)-\d+/, "$1-1")}`);
    await mkdir(join(dead, "source"), { recursive: true });
    const alive = workPath();
    await mkdir(alive);
    await mkdir(join(kernels, "built-6.1"));
    await inWorkDirectory(() => Promise.resolve());
    expect((await readdir(kernels)).map((name) => join(kernels, name)).sort()).toEqual(
      [alive, join(kernels, "built-6.1")].sort(),
    );
  });
});
