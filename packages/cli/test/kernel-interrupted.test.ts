import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

const bundle = fileURLToPath(new URL("../dist/bulkhead.cjs", import.meta.url));
let directory = "";
let kernels = "";
let pidFile = "";
const children: ChildProcess[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "bulkhead-kernel-"));
  kernels = join(directory, "kernels");
  pidFile = join(directory, "pid");
  // An apt that has something run which never ends.
  const apt = join(directory, "apt-cache");
  writeFileSync(apt, `#!/bin/sh\nsleep 1000 &\necho $! > ${pidFile}.new\nmv ${pidFile}.new ${pidFile}\nwait\n`);
  chmodSync(apt, 0o755);
  for (const tool of ["make", "gcc", "flex", "bison", "bc", "xz"]) {
    writeFileSync(join(directory, tool), "#!/bin/sh\n");
    chmodSync(join(directory, tool), 0o755);
  }
});
afterEach(() => {
  // The command line first: it would go on with the next program, and in the end with the host's own.
  for (const child of children.splice(0)) child.kill("SIGKILL");
  if (existsSync(pidFile)) spawnSync("kill", [readFileSync(pidFile, "utf8").trim()]);
  rmSync(directory, { recursive: true, force: true });
});

/** The command line at work, and the pid of what its apt has started. */
async function start(subcommand: string): Promise<{ readonly child: ChildProcess; readonly sleeper: number }> {
  rmSync(pidFile, { force: true });
  const { BULKHEAD_OFFLINE: _, ...inherited } = process.env;
  const env = { ...inherited, PATH: `${directory}:${process.env["PATH"] ?? ""}`, BULKHEAD_KERNELS: kernels };
  const child = spawn(process.execPath, [bundle, "kernel", subcommand], { env, stdio: "ignore" });
  children.push(child);
  await vi.waitFor(() => expect(existsSync(pidFile)).toBe(true), { timeout: 60_000 });
  return { child, sleeper: Number(readFileSync(pidFile, "utf8")) };
}

/** What has ended, but was not waited for, has no command line. */
const commandLine = (pid: number) => (existsSync(`/proc/${pid}`) ? readFileSync(`/proc/${pid}/cmdline`, "latin1") : "");

describe.skipIf(!existsSync(bundle)).each(["fetch", "build"])("kernel %s", (subcommand) => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("that gets %s leaves neither a directory nor a process, and ends with %i", async (signal, code) => {
    const { child, sleeper } = await start(subcommand);
    expect(readdirSync(kernels)).toHaveLength(1);
    child.kill(signal);
    expect(await once(child, "exit")).toEqual([code, null]);
    expect(readdirSync(kernels)).toEqual([]);
    await vi.waitFor(() => expect(commandLine(sleeper)).toBe(""));
  });

  it("removes what a killed one left", async () => {
    const killed = await start(subcommand);
    killed.child.kill("SIGKILL");
    await once(killed.child, "exit");
    process.kill(killed.sleeper);
    const [left] = readdirSync(kernels);
    const next = await start(subcommand);
    expect(readdirSync(kernels)).toHaveLength(1);
    expect(readdirSync(kernels)).not.toContain(left);
    next.child.kill("SIGTERM");
    await once(next.child, "exit");
  });
});
