import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { candidates } from "../../packages/bulkhead/src/levels/gvisor/locate.js";
import { baseImage } from "../environment.js";
import type { Absent, Subject } from "../subject.js";
import { spawned } from "../subjects/spawned.js";

/**
 * Best first, as the library tries them; KVM hangs on too many machines to be tried without the library's precautions.
 */
const PLATFORMS = ["systrap", "ptrace"] as const;
/** The jail's options for `runsc`, which a bare one with its defaults lacks. */
const AS_IN_THE_JAIL = ["--directfs=false", "--overlay2=none"] as const;

/**
 * `runsc run` by itself, as root, on the same root file system: its two processes without a jail, cgroup, uid range or
 * channel. With its defaults, or with its options in the jail.
 */
export async function bareRunsc(options: "defaults" | "options of the jail"): Promise<Subject | Absent> {
  const name = `runsc run, ${options}`;
  const runsc = candidates().find(existsSync);
  if (runsc === undefined) return { name, absent: "no runsc is found: ./bulkhead setup gvisor" };
  if (process.getuid?.() !== 0) return { name, absent: "only root can run it so" };
  const flags = options === "defaults" ? [] : AS_IN_THE_JAIL;
  for (const platform of PLATFORMS) {
    const subject = await prepared(name, runsc, [`--platform=${platform}`, ...flags]);
    try {
      await subject.run();
      return subject;
    } catch {
      await subject[Symbol.asyncDispose]();
    }
  }
  return { name, absent: `${runsc} runs nothing here with these options` };
}

async function prepared(name: string, runsc: string, flags: readonly string[]): Promise<Subject> {
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-bench-runsc-"));
  const config = {
    ociVersion: "1.0.2",
    process: {
      user: { uid: 1000, gid: 1000 },
      args: ["/bin/true"],
      env: ["PATH=/bin"],
      cwd: "/",
      noNewPrivileges: true,
    },
    root: { path: baseImage, readonly: true },
    hostname: "bench",
    mounts: [{ destination: "/proc", type: "proc", source: "proc" }],
    linux: { namespaces: ["pid", "ipc", "uts", "mount", "network"].map((type) => ({ type })) },
  };
  await writeFile(join(directory, "config.json"), JSON.stringify(config));
  let sequence = 0;
  const argv = () => {
    sequence += 1;
    const own = [`--root=${join(directory, "state")}`, "--network=none", "--ignore-cgroups", ...flags];
    return [runsc, ...own, "run", `--bundle=${directory}`, `bench-${process.pid}-${sequence}`];
  };
  return {
    name,
    run: () => spawned(name, argv()).run(),
    [Symbol.asyncDispose]: async () => {
      // Newer ones leave a network namespace mounted there.
      await promisify(execFile)("umount", [join(directory, "state", "null-netns")]).catch(() => undefined);
      await rm(directory, { recursive: true, force: true });
    },
  };
}
