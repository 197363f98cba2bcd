import { execFileSync } from "node:child_process";
import { chown, mkdir, writeFile } from "node:fs/promises";
import { explain, run } from "bulkhead";
import { afterAll, describe, expect, test } from "vitest";
import { printed } from "../support/inside.js";
import { forEachLevel } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";

const OWNER = 4321;

/**
 * An overlay, which no kernel mounts with ids mapped. Mounted before the broker starts, whose children do not see what
 * comes later.
 */
async function overlay(): Promise<{ readonly path: string; readonly remove: () => Promise<void> } | undefined> {
  const place = await TemporaryDirectory.create("overlay", 0o755);
  for (const name of ["lower", "upper", "work", "merged"]) await mkdir(place.join(name));
  await writeFile(place.join("lower/file"), "read me", { mode: 0o644 });
  const path = place.join("merged");
  const options = `lowerdir=${place.join("lower")},upperdir=${place.join("upper")},workdir=${place.join("work")}`;
  try {
    execFileSync("mount", ["-t", "overlay", "-o", options, "overlay", path], { stdio: "pipe" });
  } catch {
    await place[Symbol.asyncDispose]();
    return undefined;
  }
  await chown(path, OWNER, OWNER);
  const remove = async () => {
    execFileSync("umount", [path]);
    await place[Symbol.asyncDispose]();
  };
  return { path, remove };
}

const mounted = process.getuid?.() === 0 ? await overlay() : undefined;
afterAll(async () => await mounted?.remove());

if (mounted === undefined) {
  describe.skip("a file system that cannot map ids (skipped: no overlay can be mounted here)", () => undefined);
} else {
  const { path } = mounted;
  await forEachLevel((level) => {
    test("shows an unmapped owner, as explain says", async () => {
      const files = [{ host: path, at: "/data" }];
      // Without a user namespace the ids of the host show as they are.
      expect(await printed("cat /data/file; stat -c ' %u' /data/file", { level, files })).toBe(
        level === "chroot" ? "read me 0\n" : "read me 65534\n",
      );
      const { fileNotes } = await explain({ level, files });
      expect(fileNotes).toEqual([
        expect.stringMatching(/^\/data does not belong to .*overlayfs.*safe\.directory \/data/),
      ]);
    });

    test("is not written, and the error says why and what helps", async () => {
      const refused = run(["true"], { level, files: [{ host: path, at: "/data", mode: "rw" }] });
      await expect(refused).rejects.toMatchObject({
        code: "MOUNT_IDMAP_UNSUPPORTED",
        path,
        detail: "overlayfs cannot on any kernel",
        remedy: expect.stringContaining("sandbox.files"),
      });
    });
  });
}
