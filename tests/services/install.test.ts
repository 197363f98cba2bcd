/** Units of systemd. `sh tests/packaging/deb.sh` starts them in a booted guest. */

import { execFile, spawnSync } from "node:child_process";
import { lstatSync, statSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { installationPaths } from "bulkhead/host";
import { Service } from "bulkhead/services";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { installedUnits, removeUnit, writeUnit } from "../../packages/cli/src/services/install/place.js";
import { requireTrustedTree, trustedPath } from "../../packages/cli/src/services/install/trust.js";
import { type UnitOptions, unitName, unitOf } from "../../packages/cli/src/services/install/unit.js";
import { requireHidden } from "../../packages/cli/src/services/notify-socket.js";
import { isRequired } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";

const execute = promisify(execFile);
const bundle = fileURLToPath(new URL("../../packages/cli/dist/bulkhead.cjs", import.meta.url));
const ANALYZES = spawnSync("systemd-analyze", ["--version"]).status === 0 || isRequired("systemd-analyze");
const ROOT = process.getuid?.() === 0;
/** A checkout below a directory like /tmp is one whose units Bulkhead refuses. */
const SAFE_CHECKOUT = ROOT && isClosed(dirname(bundle));

function isClosed(path: string): boolean {
  const { uid, mode } = statSync(path);
  return uid === 0 && (mode & 0o022) === 0 && (path === "/" || isClosed(dirname(path)));
}

let directory: TemporaryDirectory;
/** A directory that only root can change or replace. */
let closed: string;
let file: string;

beforeAll(async () => {
  directory = await TemporaryDirectory.create("install");
  closed = ROOT ? await mkdtemp("/var/lib/bulkhead-test-install-") : directory.path;
  file = join(closed, 'with "spaces", $HOME and 100%.yaml');
  await writeFile(file, 'name: unit-test\ncomponents: { web: { command: [sleep, "60"] } }\n');
});
afterAll(async () => {
  await rm(closed, { recursive: true, force: true });
  await directory[Symbol.asyncDispose]();
});

const CONTAINER: UnitOptions["components"] = [{ level: "container", mounts: [] }];

const unit = (kind: "root" | "as-user" | "user", broker = kind === "as-user", components = CONTAINER) =>
  unitOf({
    name: "unit-test",
    file,
    kind,
    command: [process.execPath, bundle],
    components,
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
    expect(() => unitOf({ name: "a", file: "/a\nExecStart=b", kind: "root", command: ["/a"], components: [] })).toThrow(
      expect.objectContaining({ code: "PATH_UNUSABLE" }),
    );
  });
});

describe("what a unit for another user may write", () => {
  const mounts = ["/srv/a $b 100%", "/srv/c"].map((path) => ({ path, at: "/d", shared: false, writable: true }));
  const read = { path: "/srv/read", at: "/r", shared: false, writable: false };
  const writable = (level: "container" | "microvm") =>
    /^ReadWritePaths=(.*)$/m.exec(unit("as-user", true, [{ level, mounts: [...mounts, read, ...mounts] }]))?.[1];

  it("is what components in microVMs write, once and in words that systemd does not expand", () => {
    expect(writable("microvm")).toBe('-/var/www /tmp -/run/user "-/srv/a $b 100%%" -/srv/c');
    expect(writable("container")).toBe("-/var/www /tmp -/run/user");
  });

  it.skipIf(!ANALYZES)("is accepted by systemd", async () => {
    expect(await analyze(unit("as-user", true, [{ level: "microvm", mounts }]), "verify")).toBe("");
  });
});

describe("the service manager's socket", () => {
  const socket = "/run/systemd/notify";
  const service = async (more: string) => {
    await writeFile(join(closed, "mounts.yaml"), `name: m\ncomponents: { web: { command: [a], ${more} } }\n`);
    return (await Service.load(join(closed, "mounts.yaml"))).spec;
  };

  it("is in no directory that a component has", async () => {
    for (const host of ["/run", "/run/systemd", "/run/.", "/var/run"]) {
      const spec = await service(`files: [{ host: ${host}, at: /data }]`);
      const detail = expect.stringMatching(/^components\.web\.files: \/run(\/systemd)? holds \/run\/systemd\/notify/);
      expect(() => requireHidden([socket], spec)).toThrow(expect.objectContaining({ code: "SERVICE_INVALID", detail }));
    }
    for (const more of ["files: [{ host: /srv, at: /data }]", "root: host", "root: base"]) {
      const spec = await service(more);
      expect(() => requireHidden([socket], spec)).not.toThrow();
    }
  });
});

describe("a unit's place", () => {
  it("gets the unit and its link, and loses both again", async () => {
    const units = directory.join("units");
    const path = writeUnit(units, "unit-test", "root", unit("root"));
    writeUnit(units, "unit-test", "root", unit("root"));
    expect(await readFile(path, "utf8")).toBe(unit("root"));
    expect((await readdir(units)).sort()).toEqual(["bulkhead-service-unit-test.service", "multi-user.target.wants"]);
    expect(statSync(path).mode & 0o777).toBe(0o644);
    expect(await readlink(`${units}/multi-user.target.wants/bulkhead-service-unit-test.service`)).toBe(path);
    expect(installedUnits(units)).toEqual([
      { name: "unit-test", unit: "bulkhead-service-unit-test.service", path, file },
    ]);
    expect(removeUnit(units, "unit-test")).toBe(true);
    expect(removeUnit(units, "unit-test")).toBe(false);
    expect(installedUnits(units)).toEqual([]);
    expect(await readdir(units)).toEqual(["multi-user.target.wants"]);
    await expect(readlink(`${units}/multi-user.target.wants/bulkhead-service-unit-test.service`)).rejects.toThrow(
      "ENOENT",
    );
  });

  it("is not the system broker's, and no other directory has a unit of the name", async () => {
    expect(unitName("broker")).toBe("bulkhead-service-broker.service");
    const [units, other] = [directory.join("hiding"), directory.join("other")];
    await mkdir(other);
    await writeFile(join(other, unitName("broker")), "[Unit]\n");
    expect(() => writeUnit(units, "broker", "root", unit("root"), [other])).toThrow(
      expect.objectContaining({ code: "PATH_UNUSABLE", path: join(other, unitName("broker")) }),
    );
    await expect(readdir(units)).rejects.toThrow("ENOENT");
  });

  it("keeps a unit that someone else wrote", async () => {
    const units = directory.join("foreign");
    await mkdir(units);
    await writeFile(`${units}/bulkhead-service-unit-test.service`, "[Unit]\n");
    const refused = expect.objectContaining({ code: "PATH_UNUSABLE", operation: "check unit" });
    expect(() => writeUnit(units, "unit-test", "root", unit("root"))).toThrow(refused);
    expect(() => removeUnit(units, "unit-test")).toThrow(refused);
    expect(await readFile(`${units}/bulkhead-service-unit-test.service`, "utf8")).toBe("[Unit]\n");
  });
});

describe("what a unit runs at boot", () => {
  it.skipIf(!ROOT)("must be what only root and its user can change", async () => {
    const at = join(closed, "open");
    await mkdir(at, { mode: 0o755 });
    await writeFile(`${at}/a.yaml`, "");
    const refused = (path: string) => expect.objectContaining({ code: "PATH_UNUSABLE", path });
    expect(trustedPath(`${at}/a.yaml`, 0)).toBe(`${at}/a.yaml`);
    await chmod(`${at}/a.yaml`, 0o646);
    expect(() => trustedPath(`${at}/a.yaml`, 0)).toThrow(refused(`${at}/a.yaml`));
    // Of group 0 too: an access control list shows as bits of the group.
    await chmod(`${at}/a.yaml`, 0o664);
    expect(() => trustedPath(`${at}/a.yaml`, 0)).toThrow(refused(`${at}/a.yaml`));
    expect(() => requireTrustedTree(closed, 0)).toThrow(refused(`${at}/a.yaml`));
    await chmod(`${at}/a.yaml`, 0o644);
    expect(() => requireTrustedTree(closed, 0)).not.toThrow();
    for (const mode of [0o777, 0o1777]) {
      await chmod(at, mode);
      expect(() => trustedPath(`${at}/a.yaml`, 0)).toThrow(refused(at));
    }
    expect(() => trustedPath(`${at}/none`, 0)).toThrow(refused(`${at}/none`));
  });

  it("has no file or directory of the built-in root that others may change", async () => {
    const entries = await readdir(installationPaths().baseRoot, { withFileTypes: true, recursive: true });
    const paths = entries
      .filter((entry) => !entry.isSymbolicLink())
      .map(({ parentPath, name }) => join(parentPath, name));
    expect(paths.length).toBeGreaterThan(20);
    expect(paths.filter((path) => (lstatSync(path).mode & 0o022) !== 0)).toEqual([]);
  });
});

describe("bulkhead service install", () => {
  const node = async (argv: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    await execute(process.execPath, argv, { env: { ...process.env, ...env } }).catch((error: unknown) => {
      const { code, stderr } = error as { readonly code: number; readonly stderr: string };
      return { code, stderr, stdout: "" };
    });
  const bulkhead = async (...argv: readonly string[]) => await node([bundle, "service", ...argv]);
  const says = (text: string) => ({ code: 125, stderr: expect.stringContaining(text) });

  it("refuses a component that can speak for the service to systemd, as `up` does in a unit", async () => {
    const path = join(closed, "speaks.yaml");
    const text = "name: speaks\ncomponents: { web: { command: [a], files: [{ host: /run, at: /data }] } }\n";
    await writeFile(path, text);
    expect(await bulkhead("install", "--dry-run", "--file", path)).toMatchObject(says("components.web.files"));
    const up = await node([bundle, "up", "--file", path], { NOTIFY_SOCKET: "/run/systemd/notify" });
    expect(up).toMatchObject(says("components.web.files"));
  });

  it.skipIf(!ROOT)("refuses it in a change to a service that runs in a unit", async () => {
    const name = `speaks-${process.pid}`;
    const path = join(closed, "changed.yaml");
    const write = async (more: string) =>
      await writeFile(path, `name: ${name}\ncomponents: { web: { command: [sleep, "600"], ${more} } }\n`);
    await write("restart: never");
    try {
      const up = [bundle, "up", "-d", "--file", path];
      expect(await node(up, { NOTIFY_SOCKET: join(closed, "notify") })).toMatchObject({ stderr: "" });
      await write(`files: [{ host: ${closed}, at: /data }]`);
      expect(await node(up)).toMatchObject(says("components.web.files"));
    } finally {
      await node([bundle, "down", "--name", name]);
      await rm(`/var/lib/bulkhead/services/${name}`, { recursive: true, force: true });
    }
  });

  it.skipIf(!ROOT)("refuses options of Node, a name that no service has, and a home of /", async () => {
    const asked = ["--no-warnings", bundle, "service", "install", "--dry-run", "--file", file];
    expect(await node(asked)).toMatchObject(says("--no-warnings"));
    expect(await bulkhead("uninstall", "--name", "../multi-user")).toMatchObject(says("USAGE"));
    // An account as a directory service may have it.
    await writeFile(directory.join("getent"), "#!/bin/sh\necho web:x:4321:4321::/:/bin/sh\n", { mode: 0o755 });
    const env = { PATH: `${directory.path}:${process.env["PATH"]}` };
    const install = [bundle, "service", "install", "--dry-run", "--file", file, "--user", "web"];
    expect(await node(install, env)).toMatchObject(says("the home of web is /"));
  });

  it.skipIf(!SAFE_CHECKOUT)("prints the unit with --dry-run, and says what is wrong", async () => {
    const { stdout, stderr } = await bulkhead("install", "--dry-run", "--user", "www-data", "--file", file);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/\nUser=www-data\nExecStart=/);
    expect(stdout).toContain("up --file ");
    const named = await bulkhead("install", "--dry-run", "--user", "www-data", "--file", file, "--broker", "a.sock");
    expect(named.stdout).toContain(` --broker ${join(process.cwd(), "a.sock")}\n`);
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
