import { spawnSync } from "node:child_process";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { TemporaryDirectory } from "../support/temporary.js";

const cli = fileURLToPath(new URL("../../packages/cli/dist/bulkhead.cjs", import.meta.url));

interface Report {
  readonly passed: boolean;
  readonly levels: readonly {
    readonly level: string;
    readonly attempts: readonly { readonly status: string; readonly title: string; readonly detail: string }[];
  }[];
}

function verify(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return spawnSync(process.execPath, [cli, "verify", "--level", "container", ...args], {
    encoding: "utf8",
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], CI: "true", ...env },
    maxBuffer: 64 << 20,
  });
}

test("what holds ends with 0: a table, JSON, JUnit", async () => {
  await using directory = await TemporaryDirectory.create("verify");
  const junit = directory.join("verify.xml");
  const { status, stdout } = verify(["--json", "--junit", junit]);
  const report = JSON.parse(stdout) as Report;
  expect([status, report.passed]).toEqual([0, true]);
  expect(report.levels.map(({ level }) => level)).toEqual(["container"]);
  const count = report.levels[0]?.attempts.length ?? 0;
  expect(readFileSync(junit, "utf8").match(/<testcase /g)).toHaveLength(count);
  expect(verify([]).stdout).toMatch(/^Level container\nfilesystem +\d+ of \d+ held[\s\S]*Everything that is said/);
});

// Any program inside can forge a report. Here every attempt claims success, in the worst words there are.
test.each([
  ["says that it got through", '{"outcome":"succeeded","detail":"\\u001b[2J</failure>\\nheld \\u0000&"}'],
  ["says so in no JSON at all", "{{{"],
  ["says it in another type", '{"outcome":["refused"],"detail":{"a":1},"errno":"x"}'],
  ["says nothing", ""],
])("a probe that %s ends with 1, and nothing of it reaches a terminal or a parser", async (_what, line) => {
  await using directory = await TemporaryDirectory.create("verify", 0o755);
  const probe = directory.join("probe");
  const control = '{"outcome":"succeeded","detail":""}';
  writeFileSync(probe, `#!/bin/sh\nif [ "$2" = control ]; then echo '${control}'; else printf '%s\\n' '${line}'; fi\n`);
  chmodSync(probe, 0o755);
  const junit = directory.join("verify.xml");
  const { status, stdout, stderr } = verify(["--junit", junit], { BULKHEAD_PROBE: probe });
  expect([status, stderr]).toEqual([1, ""]);
  expect(stdout).toContain("A protection that is reported as enforced is not.");
  expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  const xml = readFileSync(junit, "utf8");
  const failures = xml.match(/<failure /g)?.length ?? 0;
  expect(failures).toBeGreaterThan(100);
  expect(xml.match(/<\/failure>/g)).toHaveLength(failures);
  expect(xml).not.toMatch(/[\u0000-\u0008\u000b-\u001f]/);
});
