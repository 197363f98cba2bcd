import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { tscKhz } from "../../src/levels/microvm/tsc.js";

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-tsc-"));
  vi.stubEnv("XDG_CACHE_HOME", join(directory, "cache"));
  vi.stubEnv("BULKHEAD_WARDEN", join(directory, "warden"));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true });
});

it("a measurement that failed is not kept: the next one measures again, and that is kept", async () => {
  await expect(tscKhz()).rejects.toMatchObject({ code: "SETUP_MISSING" });
  await writeFile(join(directory, "warden"), "#!/bin/sh\necho 2600040\n");
  await chmod(join(directory, "warden"), 0o755);
  expect(await tscKhz()).toBe(2_600_000);
  await rm(join(directory, "warden"));
  expect(await tscKhz()).toBe(2_600_000);
});
