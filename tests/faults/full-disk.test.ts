import { execFileSync, spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { dockerArchiveTar } from "../images/support/archive.js";
import { exceptAt } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";

const BASE = fileURLToPath(new URL("../../packages/bulkhead/assets/base", import.meta.url));
const SUBJECT = fileURLToPath(new URL("support/full-disk.ts", import.meta.url));

interface Answer {
  readonly image: string;
  readonly base: string;
  readonly left: readonly string[];
}

await exceptAt({ microvm: "machines have faults of their own, and emulated ones take minutes for these" })((level) => {
  // From hardly room for the store's own directories to almost enough for the image.
  test.runIf(process.getuid?.() === 0).each([16, 64, 256, 1024])(
    "the disk is full after %i KiB, while an image is unpacked",
    async (kib) => {
      await using directory = await TemporaryDirectory.create("full");
      const layer = execFileSync("tar", ["-C", BASE, "-c", "."], { maxBuffer: 64 << 20 });
      await writeFile(directory.join("image.tar"), dockerArchiveTar([layer]));
      execFileSync("mkdir", [directory.join("small")]);
      const command = [
        process.execPath,
        "--import",
        "tsx",
        SUBJECT,
        level,
        directory.join("small"),
        directory.join("image.tar"),
        String(kib),
      ];
      const { stdout, stderr } = spawnSync("unshare", ["--mount", "--propagation", "private", ...command], {
        encoding: "utf8",
      });
      const answer = JSON.parse(stdout || `{"image":${JSON.stringify(stderr)}}`) as Answer;
      expect(answer.image).toMatch(/^(IMAGE_\w+|FILE_NO_SPACE)$/);
      expect(answer.base, "a sandbox itself needs no disk").toBe("exit 0");
      for (const path of answer.left) expect(path).not.toMatch(/busybox/);
    },
  );
});
