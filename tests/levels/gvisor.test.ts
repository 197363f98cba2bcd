import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { TemporaryDirectory } from "../support/temporary.js";
import { gvisorCases } from "./support/gvisor.js";

await gvisorCases("the best runsc there is");

/** What is looked for is fixed when a process starts to look: each of these is one of its own. */
function cli(argv: readonly string[], env: Readonly<Record<string, string>>, user?: number) {
  const command = [process.execPath, fileURLToPath(new URL("../../packages/cli/dist/bulkhead.cjs", import.meta.url))];
  const as = user === undefined ? [] : ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--clear-groups"];
  const [file = "", ...rest] = [...as, ...command, ...argv];
  return spawnSync(file, rest, { encoding: "utf8", env: { ...process.env, BULKHEAD_OFFLINE: "1", ...env } });
}

describe("runsc is not available", () => {
  test("a program that prints nothing, or hangs, is not used, and the error has the remedy", async () => {
    await using directory = await TemporaryDirectory.create("runsc");
    const source = directory.join("hangs.c");
    const hangs = directory.join("runsc");
    // Static as a real one is, it says its version and then runs nothing.
    writeFileSync(
      source,
      `#include <stdio.h>\n#include <string.h>\n#include <unistd.h>\nint main(int c, char **v) {
        if (c > 1 && !strcmp(v[1], "--version")) { puts("runsc version of a test"); return 0; }
        if (c > 1 && !strcmp(v[1], "flags")) return 0;\n for (;;) pause(); }`,
    );
    execFileSync("gcc", ["-static", "-o", hangs, source]);
    chmodSync(hangs, 0o755);
    const began = performance.now();
    const { status, stderr } = cli(["run", "--level", "gvisor", "--", "true"], { BULKHEAD_RUNSC: hangs });
    expect(status).toBe(125);
    expect(stderr).toContain("LEVEL_UNAVAILABLE");
    expect(stderr).toContain("./bulkhead setup gvisor");
    // Two platforms have ten seconds each, and nothing is tried twice.
    expect(performance.now() - began).toBeLessThan(35_000);
  }, 60_000);

  test.runIf(process.getuid?.() === 0)("without root it is refused, and a system broker named", () => {
    const home = { HOME: "/", XDG_STATE_HOME: "/nowhere" };
    const { status, stderr } = cli(["run", "--level", "gvisor", "--", "true"], home, 47_113);
    expect(status).toBe(125);
    expect(stderr).toContain("LEVEL_UNAVAILABLE");
    expect(stderr).toContain("system broker");
  });
});
