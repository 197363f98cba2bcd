import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { platformNamed } from "../../../scripts/pack/platforms.js";
import { buildPrograms, linkerFor } from "../../../scripts/pack/programs.js";
import { outputOf } from "../../../scripts/pack/run.js";
import { command } from "../machine/command.js";
import { MachineError } from "../machine/errors.js";
import { quote } from "../machine/shell.js";
import { suiteArgv } from "../suites.js";
import type { Arm64Root } from "./root.js";

const project = fileURLToPath(new URL("../../..", import.meta.url)).replace(/\/$/, "");
const arm64 = platformNamed("linux-arm64");
/** Where the guest sees the project. */
const GUEST = "/srv/bulkhead";
/** As for other emulated machines; this one emulates another processor too. */
const TIME_FACTOR = 20;

/** Makes the disk that the guest mounts at /srv: the built project for arm64, and the command. Returns its path. */
export async function stage(work: string, wanted: readonly string[], root: Arm64Root): Promise<string> {
  const srv = join(work, "srv");
  const to = join(srv, "bulkhead");
  const library = join(to, "packages/bulkhead");
  await mkdir(join(library, "bin"), { recursive: true });
  for (const name of ["dist", "src", "assets", "package.json"])
    await cp(join(project, "packages/bulkhead", name), join(library, name), {
      recursive: true,
      verbatimSymlinks: true,
    });
  await cp(root.busybox, join(library, "assets/base/bin/busybox"));
  await cp(buildPrograms(arm64), join(library, "bin"), { recursive: true, filter: isProgram });
  await mkdir(join(to, "node_modules"));
  await symlink("../packages/bulkhead", join(to, "node_modules/bulkhead"));
  await cp(fileURLToPath(new URL("guest.sh", import.meta.url)), join(srv, "guest.sh"));
  const parts = [];
  if (wanted.includes("rust")) parts.push(await rustTests(to));
  if (wanted.includes("smoke")) parts.push(await smoke(srv));
  const files = wanted.filter((name) => name.startsWith("tests/"));
  if (files.length > 0) parts.push(await levels(to, files));
  const environment = [
    `export BULKHEAD_TIME_FACTOR=${TIME_FACTOR} BULKHEAD_WARDEN=${GUEST}/packages/bulkhead/bin/warden`,
    `export BULKHEAD_PROBE=${GUEST}/packages/bulkhead/bin/bulkhead-probe`,
    // Rust's tests know their files by the paths of this machine.
    `mkdir -p ${quote(dirname(project))} && ln -s ${GUEST} ${quote(project)}`,
    "failed=0",
  ];
  await writeFile(join(srv, "command"), `${[...environment, ...parts].join("\n")}\nexit $failed\n`);
  const disk = join(work, "project.img");
  await command(["mke2fs", "-q", "-t", "ext4", "-d", srv, disk, "4G"]);
  return disk;
}

function isProgram(path: string): boolean {
  return path.endsWith("/release") || /\/release\/(warden|bulkhead-\w+)$/.test(path);
}

/** Builds every test of the workspace, and returns the shell text that runs them one after the other. */
async function rustTests(to: string): Promise<string> {
  const args = ["test", "--no-run", "--locked", "--quiet", "--workspace", "--tests", "--message-format=json"];
  // Small: the programs are copied.
  const small = { CARGO_PROFILE_DEV_STRIP: "debuginfo", CARGO_PROFILE_DEV_DEBUG: "0", CARGO_INCREMENTAL: "0" };
  const env = { ...linkerFor(arm64.target), ...small };
  const json = outputOf("cargo", [...args, "--target", arm64.target], { cwd: join(project, "warden"), env });
  const built = json
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Message)
    .flatMap(({ executable, profile, manifest_path }) =>
      executable ? [{ executable, test: profile?.test === true, crate: dirname(manifest_path ?? project) }] : [],
    );
  if (built.length === 0) throw new MachineError("cargo built no tests");
  await cp(join(project, "warden"), join(to, "warden"), {
    recursive: true,
    filter: (path) => !path.startsWith(join(project, "warden/target")),
  });
  for (const { executable } of built) {
    const place = join(to, executable.slice(project.length));
    await mkdir(dirname(place), { recursive: true });
    await cp(executable, place);
  }
  return built
    .filter(({ test }) => test)
    .map(({ executable, crate }) => {
      const name = executable.replace(/^.*\/|-[0-9a-f]+$/g, "");
      return `echo "ARM64 RUST ${name}"; (cd ${quote(crate)} && ${quote(executable)} --test-threads=2) || { failed=1; echo "ARM64 FAILED ${name}"; }`;
    })
    .join("\n");
}

interface Message {
  readonly executable?: string | null;
  readonly manifest_path?: string;
  readonly profile?: { readonly test?: boolean };
}

async function smoke(srv: string): Promise<string> {
  const script = (await suiteArgv("smoke")).at(-1) ?? "";
  await writeFile(join(srv, "bulkhead/smoke.mjs"), script);
  return `echo "ARM64 SMOKE"; node smoke.mjs || { failed=1; echo "ARM64 FAILED smoke"; }`;
}

/** Files of Vitest's suites, with the tools that they need in their arm64 builds. */
async function levels(to: string, files: readonly string[]): Promise<string> {
  for (const name of ["tests", "scripts", "packages/cli", "vitest.config.ts", "package.json"])
    await cp(join(project, name), join(to, name), { recursive: true, verbatimSymlinks: true });
  // Vite reads those of all projects, because each refers to others.
  for (const name of outputOf("git", ["ls-files", "*tsconfig*.json"], { cwd: project }).trim().split("\n"))
    await cp(join(project, name), join(to, name));
  await cp(join(project, "node_modules"), join(to, "node_modules"), {
    recursive: true,
    verbatimSymlinks: true,
    force: false,
  });
  const versionOf = async (name: string) =>
    (JSON.parse(await readFile(join(project, "node_modules", name, "package.json"), "utf8")) as { version: string })
      .version;
  const natives = [
    `@rolldown/binding-linux-arm64-gnu@${await versionOf("rolldown")}`,
    `@esbuild/linux-arm64@${await versionOf("esbuild")}`,
  ];
  const prefix = join(to, "..", "natives");
  outputOf("npm", [
    "install",
    "--prefix",
    prefix,
    "--no-save",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--force",
    ...natives,
  ]);
  await cp(join(prefix, "node_modules"), join(to, "node_modules"), { recursive: true });
  const vitest = "CI=1 node node_modules/vitest/vitest.mjs run --reporter=default --no-color";
  return `${vitest} --project levels --project security --project library --project images ${files.join(" ")} || { failed=1; echo "ARM64 FAILED tests"; }`;
}
