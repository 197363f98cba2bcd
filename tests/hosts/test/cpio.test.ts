import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { TemporaryDirectory } from "../../support/temporary.js";
import { cpio } from "../machine/cpio.js";

/** The guest unpacks with the kernel's own code; the base image's busybox is what every checkout has. */
const BUSYBOX = fileURLToPath(new URL("../../../packages/bulkhead/assets/base/bin/busybox", import.meta.url));

test("busybox unpacks what was packed", async () => {
  await using directory = await TemporaryDirectory.create("cpio");
  const archive = cpio([
    { name: "bin" },
    ...[0, 1, 2, 3, 4, 5].map((size) => ({ name: `bin/${"n".repeat(size + 1)}`, data: Buffer.alloc(size, "x") })),
  ]);
  execFileSync(BUSYBOX, ["cpio", "-i"], { cwd: directory.path, input: archive, stdio: ["pipe", "ignore", "pipe"] });
  for (const size of [0, 1, 2, 3, 4, 5]) {
    const path = directory.join("bin", "n".repeat(size + 1));
    expect(readFileSync(path, "utf8")).toBe("x".repeat(size));
    expect(statSync(path).mode & 0o777).toBe(0o755);
  }
});
