import { execFile } from "node:child_process";
import { closeSync, openSync, readSync } from "node:fs";
import { promisify } from "node:util";
import type { Broker } from "../../broker/broker.js";
import { lookAtKvm } from "../../host/examine/kvm.js";
import { baseRootPath } from "../../host/locate.js";
import type { Plan } from "../../plan/schema.js";
import type { Platform, WorkingRunsc } from "./found.js";
import { jailOf } from "./jail.js";
import { ROOT } from "./layout.js";
import type { Verdict } from "./memory.js";

/** A platform that does not work may also hang. */
const LIMIT_MS = 10_000;
const VERSION_MS = 5_000;
const WORD = "it-works";
/** More than one process: some builds run `true` and crash at the first fork. */
const SCRIPT = `busybox true | busybox cat && (echo $(busybox wc -l </proc/self/cgroup) ${WORD})`;
/** The number of cgroup hierarchies inside. */
const SAID = new RegExp(`(\\d+) ${WORD}`);

/** Tries a `runsc` in its later jail, platform by platform, until one works. */
export async function probe(path: string, broker: Broker): Promise<Verdict | null> {
  if (!isStatic(path)) return null;
  const version = await firstLine(path, ["--version"]);
  if (version === null) return null;
  const flags = await output(path, ["flags"]);
  const directfs = /\n\s+-directfs/.test(flags);
  const counting = /\n\s+-in-sandbox-cgroup/.test(flags) ? "cgroup2" : "rlimit";
  for (const platform of await platforms()) {
    const verdict: Verdict = { version, platform, directfs, counting };
    const hierarchies = await hierarchiesIn({ path, ...verdict }, broker);
    if (hierarchies === null) continue;
    return hierarchies === 0 ? { ...verdict, counting: "cgroup" } : verdict;
  }
  return null;
}

/** Best first. KVM of the PVM variant hangs, so skip it. */
async function platforms(): Promise<readonly Platform[]> {
  const kvm = await lookAtKvm();
  return kvm.device === "opens" && !kvm.pvm ? ["systrap", "kvm", "ptrace"] : ["systrap", "ptrace"];
}

/** The number of cgroup hierarchies of a process inside; null if this does not work. */
async function hierarchiesIn(found: WorkingRunsc, broker: Broker): Promise<number | null> {
  const launch = broker.launch(probePlan(found, broker));
  const timer = setTimeout(() => launch.kill(), LIMIT_MS);
  let said = "";
  try {
    for await (const chunk of launch.transport) {
      said = (said + String(chunk)).slice(0, 4096);
      const [, count] = SAID.exec(said) ?? [];
      if (count !== undefined) return Number(count);
    }
    return null;
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
    launch.kill();
    await launch.ended.catch(() => undefined);
  }
}

function probePlan(found: WorkingRunsc, { facts }: Broker): Plan {
  const { version, controllers } = facts.cgroup;
  const MIB = 1024 * 1024;
  const limits = {
    memoryBytes: 128 * MIB,
    pids: 32,
    milliCpus: 2000,
    openFiles: 1024,
    fileBytes: null,
    lockedBytes: MIB,
    addressSpaceBytes: null,
    processes: null,
  };
  const id = `probe-${process.pid}-${found.platform}`;
  const names = ["mount", "pid", "ipc", "net", "user", "uts", "cgroup"] as const;
  const namespaces = names.filter((name) => name !== "cgroup" || facts.namespaces.includes(name));
  const cgroup = { version, controllers: (["memory", "pids"] as const).filter((name) => controllers.includes(name)) };
  const mount = { kind: "bind", source: baseRootPath(), at: ROOT, readOnly: true, exec: true, owner: null } as const;
  return jailOf(found, { id, hostname: "probe", namespaces, limits, advertised: null }, cgroup, {
    mounts: [mount],
    config: {
      ociVersion: "1.0.2",
      process: {
        user: { uid: 1000, gid: 1000 },
        args: ["/bin/busybox", "sh", "-c", SCRIPT],
        env: ["PATH=/bin"],
        cwd: "/",
        noNewPrivileges: true,
      },
      root: { path: ROOT, readonly: false },
      hostname: "probe",
      mounts: [{ destination: "/proc", type: "proc", source: "proc" }],
      linux: { namespaces: ["pid", "ipc", "uts", "mount", "network"].map((type) => ({ type })) },
    },
    writesHost: false,
    egress: false,
  });
}

/** An ELF file without an interpreter: the jail has no libraries. */
function isStatic(path: string): boolean {
  const PT_INTERP = 3;
  const head = Buffer.alloc(4096);
  try {
    const file = openSync(path, "r");
    readSync(file, head, 0, head.length, 0);
    closeSync(file);
  } catch {
    return false;
  }
  if (head.readUInt32BE(0) !== 0x7f454c46 || head[4] !== 2) return false;
  const [offset, size, count] = [Number(head.readBigUInt64LE(32)), head.readUInt16LE(54), head.readUInt16LE(56)];
  for (let index = 0; index < count; index += 1) {
    const at = offset + index * size;
    if (at + 4 > head.length || head.readUInt32LE(at) === PT_INTERP) return false;
  }
  return true;
}

async function firstLine(path: string, argv: readonly string[]): Promise<string | null> {
  return (await output(path, argv)).split("\n", 1)[0]?.trim().slice(0, 200) || null;
}

/** Its output on both streams; empty if there is none in time. */
async function output(path: string, argv: readonly string[]): Promise<string> {
  try {
    const options = { timeout: VERSION_MS, maxBuffer: 1024 * 1024, env: { PATH: "/usr/bin:/bin" } };
    const { stdout, stderr } = await promisify(execFile)(path, [...argv], options);
    return stdout + stderr;
  } catch {
    return "";
  }
}
