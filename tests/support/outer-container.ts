import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { isRequired } from "./levels.js";
import { TemporaryDirectory } from "./temporary.js";

const RUNC = ["/usr/sbin/runc", "/usr/bin/runc"].find((path) => existsSync(path));

/** Docker's. */
const CAPABILITIES = [
  "CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE",
]
  .flatMap((names) => names.split(" "))
  .map((name) => `CAP_${name}`);
const MASKED = ["acpi", "kcore", "keys", "timer_list", "sched_debug", "scsi"].map((name) => `/proc/${name}`);
const READ_ONLY = ["bus", "fs", "irq", "sys", "sysrq-trigger"].map((name) => `/proc/${name}`);

/** A container as Docker starts one without privilege. */
export interface OuterContainer {
  readonly args: readonly string[];
  /** Docker's default; false: `--security-opt systempaths=unconfined`. There is no seccomp filter in either case. */
  readonly masked: boolean;
  /** Directories of this machine, read-only at the same paths. */
  readonly shared?: readonly string[];
  /** Directories of its own memory. */
  readonly writable: readonly string[];
  /** Its root file system. Default: an empty one. */
  readonly root?: string;
  /** Empty files in its root. */
  readonly marks?: readonly string[];
  readonly env: readonly string[];
  /** Default: root. Another user has no capabilities. */
  readonly uid?: number;
}

/** Why there can be none here; empty if there can. */
export const lackOfRunc =
  RUNC === undefined ? "no runc: ./bulkhead setup test installs it" : process.getuid?.() === 0 ? "" : "needs root";
export const skipsOuterContainer = lackOfRunc !== "" && !isRequired("runc");

function bundle({ args, masked, shared = [], writable, root = "rootfs", env, uid = 0 }: OuterContainer): object {
  const bind = (path: string) => ({ destination: path, source: path, type: "bind", options: ["rbind", "ro"] });
  const tmpfs = (path: string) => ({ destination: path, source: "tmpfs", type: "tmpfs", options: ["mode=1777"] });
  const sets = uid === 0 ? ["bounding", "effective", "permitted"] : ["bounding"];
  return {
    ociVersion: "1.0.2",
    process: {
      user: { uid, gid: uid },
      args,
      env,
      cwd: "/",
      capabilities: Object.fromEntries(sets.map((name) => [name, CAPABILITIES])),
    },
    root: { path: root },
    mounts: [
      { destination: "/proc", type: "proc", source: "proc" },
      { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["mode=755"] },
      ...writable.map(tmpfs),
      ...[...new Set(shared)].filter((path) => existsSync(path)).map(bind),
    ],
    linux: {
      namespaces: ["pid", "ipc", "uts", "mount", "network"].map((type) => ({ type })),
      ...(masked ? { maskedPaths: MASKED, readonlyPaths: READ_ONLY } : {}),
    },
  };
}

/** Runs it to its end; `output` is stdout, then stderr. */
export async function runOuterContainer(container: OuterContainer): Promise<{ code: number; output: string }> {
  await using directory = await TemporaryDirectory.create("outer");
  await mkdir(directory.join("rootfs"));
  for (const name of container.marks ?? []) await writeFile(directory.join("rootfs", name), "");
  await writeFile(directory.join("config.json"), JSON.stringify(bundle(container)));
  const id = `bulkhead-test-${process.pid}-${container.masked ? "masked" : "whole"}`;
  const command = ["--root", directory.join("state"), "run", "--bundle", directory.path, id];
  return await new Promise((resolve) => {
    execFile(RUNC ?? "runc", command, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, output: stdout + stderr }),
    );
  });
}
