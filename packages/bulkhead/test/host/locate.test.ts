import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { baseRootPath, wardenPath } from "../../src/host/locate.js";

describe("the programs of a package whose code was bundled elsewhere", () => {
  const moved = mkdtempSync(join(tmpdir(), "bulkhead-test-locate-"));
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(moved, { recursive: true, force: true });
  });

  it("are where BULKHEAD_PACKAGE says", () => {
    mkdirSync(join(moved, "bin"), { recursive: true });
    writeFileSync(join(moved, "bin", "warden"), "");
    vi.stubEnv("BULKHEAD_WARDEN", undefined);
    vi.stubEnv("BULKHEAD_PACKAGE", moved);
    expect(wardenPath()).toBe(join(moved, "bin", "warden"));
    expect(baseRootPath()).toBe(join(moved, "assets", "base"));
  });

  it("are missed with how to point at them", () => {
    vi.stubEnv("BULKHEAD_WARDEN", undefined);
    vi.stubEnv("BULKHEAD_PACKAGE", join(moved, "nothing"));
    const context = { code: "SETUP_MISSING", path: join(moved, "nothing", "bin", "warden") };
    expect(() => wardenPath()).toThrow(expect.objectContaining(context));
    expect(() => wardenPath()).toThrow(/BULKHEAD_PACKAGE.*BULKHEAD_WARDEN/);
  });
});
