import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { isRequired } from "../support/levels.js";

const project = fileURLToPath(new URL("../..", import.meta.url));
/** A uid without a name, groups or a delegated cgroup. */
const USER = 47_113;
const identity = [`--reuid=${USER}`, `--regid=${USER}`, "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"];
const lack =
  process.getuid?.() === 0 ? lackAsUser() : "only root can become another user; the other files were run as this one";

test.runIf(lack !== undefined && isRequired("unprivileged"))("an unprivileged user is required here", () => {
  throw new Error(lack);
});

/** The same cases, as a user who may do nothing: the gate, the broker and the proxies inside are all that user's. */
describe.skipIf(lack !== undefined)(`as an unprivileged user${lack === undefined ? "" : ` (skipped: ${lack})`}`, () => {
  const home = mkdtempSync(join(tmpdir(), "bulkhead-test-user-"));
  execFileSync("chown", [`${USER}:${USER}`, home]);
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  test.each([
    ["everywhere.test.ts", 6],
    ["clients.test.ts", 9],
    ["rules.test.ts", 11],
  ])(
    "%s passes at container level",
    async (file, least) => {
      const { output, code } = await asUser(home, [
        "node",
        "node_modules/vitest/vitest.mjs",
        ...[
          "run",
          "--configLoader",
          "runner",
          "--project",
          "egress",
          "--reporter",
          "json",
          `tests/egress/${file}`,
          "-t",
          "^container ",
        ],
      ]);
      expect(code, output.slice(-8000)).toBe(0);
      // A skip would pass, too.
      expect(Number(/"numPassedTests":(\d+)/.exec(output)?.[1]), output.slice(-8000)).toBeGreaterThanOrEqual(least);
    },
    240_000,
  );
});

/** Why no test can be run as that user: a checkout below a home that is closed to others. */
function lackAsUser(): string | undefined {
  try {
    execFileSync("setpriv", [...identity, "node", "-e", "require('fs').readFileSync('vitest.config.ts')"], {
      cwd: project,
      stdio: "ignore",
    });
    return undefined;
  } catch {
    return "another user cannot read this checkout, or setpriv or node is missing";
  }
}

async function asUser(home: string, argv: readonly string[]) {
  // Nothing of this run's own environment: its temporary directory and store are another user's.
  const env = {
    PATH: process.env["PATH"] ?? "",
    HOME: home,
    TMPDIR: home,
    LANG: "C.UTF-8",
    BULKHEAD_REQUIRE: "container",
  };
  const child = spawn("setpriv", [...identity, "--pdeathsig", "KILL", ...argv], {
    cwd: project,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  return { output, code };
}
