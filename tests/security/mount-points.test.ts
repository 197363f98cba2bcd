import { execFileSync } from "node:child_process";
import { rm, symlink } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { run } from "bulkhead";
import { expect, test } from "vitest";
import { forEachLevel } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";

const BASE = fileURLToPath(new URL("../../packages/bulkhead/assets/base", import.meta.url));

await forEachLevel((level) => {
  test.each(["/proc", "/proc/sys", "/dev", "/sys", "/", "/work/.."])(
    "an image whose /data leads to %s has nothing mounted there",
    async (target) => {
      await using directory = await TemporaryDirectory.create("root", 0o755);
      const root = directory.join("root");
      execFileSync("cp", ["-a", BASE, root]);
      await rm(`${root}/data`, { recursive: true, force: true });
      await symlink(target, `${root}/data`);
      const policy = { level, root, files: [{ tmpfs: "/data" }] };
      await expect(run(["cat", "/proc/self/status"], policy)).rejects.toHaveProperty(
        "code",
        "MOUNT_TARGET_UNAVAILABLE",
      );
    },
  );
});
