/** Units of systemd. `sh tests/packaging/deb.sh` starts them in a booted guest. */

import { execFile, spawnSync } from "node:child_process";
import { chmod, mkdir, readFile, readlink, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { installedUnits, removeUnit, writeUnit } from "../../packages/cli/src/services/install/place.js";
import { trustedPath } from "../../packages/cli/src/services/install/trust.js";
import { unitOf } from "../../packages/cli/src/services/install/unit.js";
import { isRequired } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";

const execute = promisify(execFile);
const bundle = fileURLToPath(new URL("../../packages/cli/dist/bulkhead.cjs", import.meta.url));
const ANALYZES = spawnSync("systemd-analyze", ["--version"]).status === 0 || isRequired("systemd-analyze");
const ROOT = process.getuid?.() === 0;

let directory: TemporaryDirectory;
let file: string;

beforeAll(async () => {
  directory = await TemporaryDirectory.create("install");
  file = directory.join('with "spaces", $HOME and 100%.yaml');
  await writeFile(file, 'name: unit-test\ncomponents: { web: { command: [sleep, "60"] } }\n');
});
afterAll(async () => await directory[Symbol.asyncDispose]());

const unit = (kind: "root" | "as-user" | "user", broker = kind === "as-user") =>
  unitOf({
    name: "unit-test",
    file,
    kind,
    command: [process.execPath, bundle],
    levels: ["container"],
    ...(kind === "as-user" ? { user: { name: "www-data", home: "/var/www" } } : {}),
    ...(broker ? { broker: "/run/bulkhead/broker.sock" } : {}),
  });

async function analyze(text: string, ...argv: readonly string[]): Promise<string> {
  const path = directory.join("bulkhead-unit-test.service");
  await writeFile(path, text);
  // The manager of a user wants a directory, and writes nothing there.
  const env = { ...process.env, XDG_RUNTIME_DIR: directory.path };
  const { stdout, stderr } = await execute("systemd-analyze", ["--no-pager", ...argv, path], { env });
  return stdout + stderr;
}

describe("a unit", () => {
  it.skipIf(!ANALYZES)("is one that systemd accepts, without a warning", async () => {
    for (const text of [unit("root"), unit("as-user")]) expect(await analyze(text, "verify")).toBe("");
    expect(await analyze(unit("user"), "--user", "verify")).toBe("");
    expect(await analyze(unit("user", true), "--user", "verify")).toBe("");
  });

  it.skipIf(!ANALYZES)("has an exposure of at most 2.0 where the system broker makes the sandboxes", async () => {
    // It fails above the threshold.
    expect(await analyze(unit("as-user"), "security", "--offline=yes", "--threshold=20")).toContain("exposure level");
  });

  it("names the file in words that systemd does not expand", () => {
    const line = /^ExecStart=(.*)$/m.exec(unit("root"))?.[1];
    const path = file.replaceAll('"', '\\"').replace("$", "$$$$").replace("%", "%%");
    expect(line).toBe(`${process.execPath} ${bundle} up --file "${path}"`);
    expect(() => unitOf({ name: "a", file: "/a\nExecStart=b", kind: "root", command: ["/a"], levels: [] })).toThrow(
      expect.objectContaining({ code: "PATH_UNUSABLE" }),
    );
  });
});

describe("a unit's place", () => {
  it("gets the unit and its link, and loses both again", async () => {
    const units = directory.join("units");
    const path = writeUnit(units, "unit-test", "root", unit("root"));
    writeUnit(units, "unit-test", "root", unit("root"));
    expect(await readFile(path, "utf8")).toBe(unit("root"));
    expect(await readlink(`${units}/multi-user.target.wants/bulkhead-unit-test.service`)).toBe(path);
    expect(installedUnits(units)).toEqual([{ name: "unit-test", unit: "bulkhead-unit-test.service", path, file }]);
    expect(removeUnit(units, "unit-test")).toBe(true);
    expect(removeUnit(units, "unit-test")).toBe(false);
    expect(installedUnits(units)).toEqual([]);
    await expect(readlink(`${units}/multi-user.target.wants/bulkhead-unit-test.service`)).rejects.toThrow("ENOENT");
  });

  it("keeps a unit that someone else wrote", async () => {
    const units = directory.join("foreign");
    await mkdir(units);
    await writeFile(`${units}/bulkhead-unit-test.service`, "[Unit]\n");
    const refused = expect.objectContaining({ code: "PATH_UNUSABLE", operation: "check unit" });
    expect(() => writeUnit(units, "unit-test", "root", unit("root"))).toThrow(refused);
    expect(() => removeUnit(units, "unit-test")).toThrow(refused);
    expect(await readFile(`${units}/bulkhead-unit-test.service`, "utf8")).toBe("[Unit]\n");
  });
});

describe("what a unit runs at boot", () => {
  it.skipIf(!ROOT)("must be what only root and its user can change", async () => {
    const at = directory.join("open");
    await mkdir(at);
    await writeFile(`${at}/a.yaml`, "");
    const refused = (path: string) => expect.objectContaining({ code: "PATH_UNUSABLE", path });
    expect(trustedPath(`${at}/a.yaml`, 0)).toBe(`${at}/a.yaml`);
    await chmod(`${at}/a.yaml`, 0o646);
    expect(() => trustedPath(`${at}/a.yaml`, 0)).toThrow(refused(`${at}/a.yaml`));
    await chmod(`${at}/a.yaml`, 0o644);
    await chmod(at, 0o777);
    expect(() => trustedPath(`${at}/a.yaml`, 0)).toThrow(refused(at));
    expect(() => trustedPath(`${at}/none`, 0)).toThrow(refused(`${at}/none`));
  });
});

describe("bulkhead service install", () => {
  const bulkhead = async (...argv: readonly string[]) =>
    await execute(process.execPath, [bundle, "service", ...argv]).catch((error: unknown) => {
      const { code, stderr } = error as { readonly code: number; readonly stderr: string };
      return { code, stderr, stdout: "" };
    });

  it.skipIf(!ROOT)("prints the unit with --dry-run, and says what is wrong", async () => {
    const { stdout, stderr } = await bulkhead("install", "--dry-run", "--user", "www-data", "--file", file);
    expect(stderr).toBe("");
    expect(stdout).toContain("\nUser=www-data\n");
    expect(stdout).toContain("up --file ");
    for (const argv of [
      ["--broker", "/a"],
      ["--user", "root"],
      ["--user", "no-such-user"],
      ["--user", "a b"],
    ]) {
      expect(await bulkhead("install", "--dry-run", "--file", file, ...argv)).toMatchObject({ code: 125 });
    }
    const missing = await bulkhead("uninstall", "--name", "not-installed-here");
    expect(missing).toMatchObject({ code: 125, stderr: expect.stringContaining("SERVICE_NOT_INSTALLED") });
  });
});
