import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { baseImage, busybox, versionOf } from "../environment.js";
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

interface RuntimeConfig {
  root: unknown;
  process: object;
}
