/** Bulkhead inside a container as Docker starts one without privilege, by runc with Docker's capabilities and masks. */

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { isRequired } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";

const root = fileURLToPath(new URL("../../", import.meta.url)).replace(/\/$/, "");
const launcher = `${root}/packages/cli/dist/bulkhead.cjs`;
const RUNC = ["/usr/sbin/runc", "/usr/bin/runc"].find((path) => existsSync(path));

/** Docker's. */
const CAPABILITIES = [
  "CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE",
]
  .flatMap((names) => names.split(" "))
  .map((name) => `CAP_${name}`);
const MASKED = ["acpi", "kcore", "keys", "timer_list", "sched_debug", "scsi"].map((name) => `/proc/${name}`);
const READ_ONLY = ["bus", "fs", "irq", "sys", "sysrq-trigger"].map((name) => `/proc/${name}`);

/** The programs of this machine, and this checkout. */
function bundle(args: readonly string[], masked: boolean): object {
  const shared = ["/usr", "/etc", "/bin", "/sbin", "/lib", "/lib64", root, dirname(process.execPath)];
  const bind = (path: string) => ({ destination: path, source: path, type: "bind", options: ["rbind", "ro"] });
  const tmpfs = (path: string) => ({ destination: path, source: "tmpfs", type: "tmpfs", options: ["mode=1777"] });
  const sets = ["bounding", "effective", "permitted"].map((name) => [name, CAPABILITIES]);
  return {
    ociVersion: "1.0.2",
    process: {
      user: { uid: 0, gid: 0 },
      args: [process.execPath, launcher, ...args],
      env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/tmp"],
      cwd: "/",
      capabilities: Object.fromEntries(sets),
    },
    root: { path: "rootfs" },
    mounts: [
      { destination: "/proc", type: "proc", source: "proc" },
      { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["mode=755"] },
      ...["/tmp", "/run", "/var"].map(tmpfs),
      ...[...new Set(shared)].filter((path) => existsSync(path)).map(bind),
    ],
    linux: {
      namespaces: ["pid", "ipc", "uts", "mount", "network"].map((type) => ({ type })),
      ...(masked ? { maskedPaths: MASKED, readonlyPaths: READ_ONLY } : {}),
    },
  };
}

async function inside(args: readonly string[], masked: boolean): Promise<{ code: number; output: string }> {
  await using directory = await TemporaryDirectory.create("outer");
  await mkdir(directory.join("rootfs"));
  await writeFile(directory.join("config.json"), JSON.stringify(bundle(args, masked)));
  const id = `bulkhead-test-${process.pid}-${masked ? "masked" : "whole"}`;
  const command = ["--root", directory.join("state"), "run", "--bundle", directory.path, id];
  return await new Promise((resolve) => {
    execFile(RUNC ?? "runc", command, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, output: stdout + stderr }),
    );
  });
}

const lack =
  RUNC === undefined ? "no runc: ./bulkhead setup test installs it" : process.getuid?.() === 0 ? "" : "needs root";
const saying = lack === "" ? "" : ` (skipped: ${lack})`;

describe.skipIf(lack !== "" && !isRequired("runc"))(`inside a container without privilege${saying}`, () => {
  it("doctor and run name the masks of /proc, and the options that lift them", async () => {
    const doctor = await inside(["doctor"], true);
    expect(doctor.output).toMatch(/container +no +needs a \/proc of its own for each sandbox/);
    expect(doctor.output).toContain("systempaths=unconfined");
    const run = await inside(["run", "--", "id", "-u"], true);
    expect(run).toEqual({ code: 125, output: expect.stringMatching(/covers \/proc\/[\s\S]*systempaths=unconfined/) });
  });

  it("runs with these options", async () => {
    expect(await inside(["run", "--", "id", "-u"], false)).toEqual({ code: 0, output: "1000\n" });
    expect(await inside(["run", "--level", "chroot", "--", "id", "-u"], false)).toEqual({ code: 0, output: "1000\n" });
  });
});
