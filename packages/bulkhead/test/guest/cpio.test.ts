import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { cpio } from "../../src/guest/cpio.js";

const busybox = fileURLToPath(new URL("../../assets/base/bin/busybox", import.meta.url));

const entries = [
  { name: "modules", mode: 0o40755, content: new Uint8Array() },
  { name: "modules/order", mode: 0o100644, content: Buffer.from("a.ko\n") },
  { name: "init", mode: 0o100755, content: Buffer.from("x".repeat(1001)) },
];

describe("cpio", () => {
  it("gives the same bytes each time, in steps of four", () => {
    const bytes = cpio(entries);
    expect(bytes).toEqual(cpio(entries));
    expect(bytes.length % 4).toBe(0);
    expect(bytes.toString("latin1", 0, 6)).toBe("070701");
    expect(bytes.includes("TRAILER!!!")).toBe(true);
  });

  it.skipIf(!existsSync(busybox))("is what busybox unpacks (./bulkhead setup)", () => {
    const listed = spawnSync(busybox, ["cpio", "-t"], { input: cpio(entries) });
    expect(listed.stdout.toString()).toBe("modules\nmodules/order\ninit\n");
  });
});
