import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { forEachLevel } from "../support/levels.js";
import { findProgram } from "../support/programs.js";
import { ms } from "../support/time.js";

const SCRIPT = findProgram("script");
const CLIENT = fileURLToPath(new URL("support/on-a-terminal.ts", import.meta.url));

/**
 * A program on a terminal of the host uses the library; what runs inside tries to type into that terminal. Had it
 * worked, the shell that started the program would read the `#`s after it ended (CVE-2017-5226).
 */
await forEachLevel((level) => {
  test.skipIf(SCRIPT === undefined)(
    "nothing can be typed into the launcher's terminal [own session]",
    async () => {
      const inner = `${process.execPath} --import tsx ${CLIENT} ${level}; sleep 0.2; timeout 1 cat | tr '#' '!'; echo over`;
      const child = spawn(SCRIPT ?? "script", ["-qec", `stty -echo -icanon; ${inner}`, "/dev/null"], {
        stdio: ["pipe", "pipe", "inherit"],
      });
      let shown = "";
      child.stdout.on("data", (chunk: Buffer) => {
        shown += chunk.toString();
      });
      await new Promise((resolve) => child.on("close", resolve));
      expect(shown).toContain("attempts made: 6");
      expect(shown).toContain("over");
      expect(shown).not.toContain("!");
    },
    ms(60_000),
  );
});
