/** The Debian package as a file. `sh tests/packaging/deb.sh` installs, upgrades and purges it in a booted guest. */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isRequired } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { execute } from "./support/execute.js";
import { root } from "./support/packages.js";

const present = (program: string) => ["/usr/bin", "/bin"].some((directory) => existsSync(join(directory, program)));

/** Why a test cannot run here. */
function lackOf(program: string): string {
  return present(program) ? "" : ` (skipped: no ${program}: ./bulkhead setup test installs it on Debian)`;
}

async function make(directory: TemporaryDirectory): Promise<string> {
  const programs = join(root, "packages/bulkhead/bin");
  const args = ["--import", "tsx", "scripts/deb/main.ts", "--out", directory.path, "--programs", programs];
  const made = await execute("node", args, root);
  expect(made.code, made.output).toBe(0);
  return directory.join(readdirSync(directory.path)[0] ?? "");
}

const noDpkg = lackOf("dpkg-deb");

describe.skipIf(noDpkg !== "" && !isRequired("packaging"))(`the Debian package${noDpkg}`, () => {
  let directory: TemporaryDirectory;
  let file: string;

  beforeAll(async () => {
    directory = await TemporaryDirectory.create("deb", 0o755);
    file = await make(directory);
  });
  afterAll(() => directory?.[Symbol.asyncDispose]());

  const noLintian = lackOf("lintian");
  it.skipIf(noLintian !== "" && !isRequired("packaging"))(`is what lintian approves of${noLintian}`, async () => {
    const args = ["--allow-root", "--fail-on", "error,warning", file];
    // It leaves files in the temporary folder.
    await using temporary = await TemporaryDirectory.create("lintian");
    const ended = await execute("lintian", args, root, { env: { TMPDIR: temporary.path } });
    expect(ended.code, ended.output).toBe(0);
  });

  it("is the same bytes from a second build", async () => {
    await using second = await TemporaryDirectory.create("deb", 0o755);
    expect(await execute("cmp", [file, await make(second)], root)).toEqual({ code: 0, output: "" });
  });

  it("starts nothing by itself, and holds no set-id program and no device", async () => {
    const { output } = await execute("dpkg-deb", ["-c", file], root);
    const modes = output.split("\n").map((line) => line.slice(0, 10));
    expect(modes.filter((mode) => /s/i.test(mode) || /^[bcp]/.test(mode))).toEqual([]);
    const script = await execute("dpkg-deb", ["--ctrl-tarfile", file], root);
    expect(script.output).toContain("postinst");
    expect(script.output).not.toMatch(/systemctl (enable|start)|deb-systemd-helper enable/);
  });

  it("runs where it is unpacked, with a manual page and completions for each command", async () => {
    await using place = await TemporaryDirectory.create("deb-root", 0o755);
    expect(await execute("dpkg-deb", ["-x", file, place.path], root)).toMatchObject({ code: 0 });
    const launcher = place.join("usr/lib/bulkhead/cli/bulkhead.cjs");
    const env = { BULKHEAD_WARDEN: undefined, BULKHEAD_HELPERS: undefined, BULKHEAD_PACKAGE: undefined };
    const ended = await execute(process.execPath, [launcher, "run", "--", "id", "-u"], place.path, { env });
    expect(ended).toEqual({ code: 0, output: "1000\n" });
    const help = await execute(process.execPath, [launcher, "help"], place.path, { env });
    const commands = [...help.output.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name);
    expect(commands).toContain("doctor");
    const pages = readdirSync(place.join("usr/share/man/man1"));
    for (const name of commands.filter((each) => each !== "help" && each !== "bulkhead")) {
      expect(pages).toContain(`bulkhead-${name}.1.gz`);
    }
    expect(existsSync(place.join("usr/share/bash-completion/completions/bulkhead"))).toBe(true);
  });
});
