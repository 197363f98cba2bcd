import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import { Sandbox } from "bulkhead";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { groupsOf, namespaceOf, parentOf, readKernelFile } from "../support/host.js";
import { isRequired, lackFor } from "../support/levels.js";
import { monitorsOf } from "../support/monitors.js";

const level = "microvm" as const;
const lack = process.getuid?.() === 0 ? await lackFor(level) : "looking into another user's process takes root";
if (lack !== undefined && isRequired(level)) throw new Error(lack);

const MIB = 1 << 20;
const GUEST_MEMORY = 48 * MIB;
/** Ids below are real users' of the host, or kept for them. */
const FIRST_OF_RANGES = 65_536;

/**
 * Looked at by this test itself, in /proc: neither the broker's evidence nor the plan is asked, but to be compared
 * with.
 */
describe.skipIf(lack !== undefined)(`the jail of a monitor${lack === undefined ? "" : ` (skipped: ${lack})`}`, () => {
  let sandbox: Sandbox;
  let monitor: number;
  let relay: number;

  beforeAll(async () => {
    sandbox = await Sandbox.create({ level, resources: { memory: "48MiB", pids: 16, cpus: 0.5 } });
    await sandbox.run(["true"]);
    monitor = monitorsOf()[0] ?? 0;
    relay = parentOf(monitor) ?? 0;
  });
  afterAll(async () => await sandbox?.kill());

  const file = (name: string, pid = monitor) => readKernelFile(`/proc/${pid}/${name}`);
  const field = (name: string, text = file("status")) =>
    new RegExp(`^${name}:[ \\t]*(.*)$`, "m").exec(text)?.[1]?.trim() ?? "";

  test("every thread of both processes is unprivileged, cannot gain privilege, and is filtered", () => {
    for (const pid of [relay, monitor]) {
      const threads = readdirSync(`/proc/${pid}/task`);
      expect(threads.length).toBeGreaterThan(0);
      for (const thread of threads) {
        const status = file(`task/${thread}/status`, pid);
        for (const ids of ["Uid", "Gid"])
          for (const id of field(ids, status).split(/\s+/)) expect(Number(id)).toBeGreaterThanOrEqual(FIRST_OF_RANGES);
        expect(field("Groups", status)).toBe("");
        for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"])
          expect(field(set, status)).toMatch(/^0+$/);
        expect([field("NoNewPrivs", status), field("Seccomp", status)]).toEqual(["1", "2"]);
        expect(Number(field("Seccomp_filters", status))).toBeGreaterThan(0);
      }
    }
    // QEMU's own is on beside the jail's.
    expect(Number(field("Seccomp_filters"))).toBeGreaterThan(Number(field("Seccomp_filters", file("status", relay))));
  });

  test("its ids are of a range that no other sandbox has", async () => {
    await using other = await Sandbox.create({ level, resources: { memory: "48MiB" } });
    const ranges = [sandbox, other].map(async (one) => Math.floor(((await one.evidence()).init.uid[0] ?? 0) / 65_536));
    expect(new Set(await Promise.all(ranges)).size).toBe(2);
    const mapped = file("uid_map").trim().split(/\s+/).map(Number);
    expect(mapped[1]).toBeGreaterThanOrEqual(FIRST_OF_RANGES);
    expect(file("uid_map").trim().split("\n")).toHaveLength(1);
  });

  test.each(["user", "mnt", "pid", "ipc", "net", "uts", "cgroup"])("a %s namespace of its own", (kind) => {
    expect(namespaceOf(monitor, kind)).toBeDefined();
    expect(namespaceOf(monitor, kind)).not.toBe(namespaceOf("self", kind));
  });

  test("a network with nothing in it but loopback", () => {
    const devices = file("net/dev").trim().split("\n").slice(2);
    expect(devices.map((line) => line.trim().split(":")[0])).toEqual(["lo"]);
    expect(file("net/route").trim().split("\n")).toHaveLength(1);
  });

  test("a root with only the files that it opens, all read-only", () => {
    const root = `/proc/${monitor}/root`;
    const planned = new Set(sandbox.plan.mounts.map(({ at }) => at));
    const found = [...regularFiles(root)].filter((path) => !path.startsWith("/proc/"));
    expect(found.length).toBeGreaterThan(3);
    expect(found.filter((path) => !planned.has(path))).toEqual([]);
    for (const place of [
      "/etc",
      "/home",
      "/root",
      "/usr/bin/sh",
      "/bin/sh",
      "/var",
      "/tmp",
      "/scratch",
      "/sys/kernel",
      "/sys/class",
    ]) {
      expect(() => statSync(join(root, place)), place).toThrow(/ENOENT/);
    }
    for (const line of file("mountinfo").trim().split("\n")) {
      const [, , , , at = "", mounted = ""] = line.split(" ");
      const options = mounted.split(",");
      expect(options, at).toContain("nosuid");
      // Terminals and shared memory, both empty, are all that a user could write to; Landlock allows neither.
      if (at !== "/dev/pts" && at !== "/dev/shm") expect(options, at).toContain("ro");
      else expect(options, at).toContain("noexec");
    }
    expect(sandbox.plan.landlock?.writable ?? []).toEqual([]);
  });

  test("no device that reaches hardware, and none of them open but the null one that it was started with", () => {
    const devices = [...entries(`/proc/${monitor}/root`)].filter(
      ({ stat }) => stat.isBlockDevice() || stat.isCharacterDevice(),
    );
    // Memory devices and the terminals of its own: `DEVICES` of the warden.
    const numbers = new Set(devices.map(({ stat }) => `${Number(stat.rdev) >> 8}:${Number(stat.rdev) & 0xff}`));
    const planned = sandbox.plan.mounts.some(({ kind }) => kind === "device") ? ["10:232"] : [];
    expect([...numbers].sort()).toEqual([...planned, "1:3", "1:5", "1:7", "1:8", "1:9", "5:0", "5:2"].sort());
    expect(devices.filter(({ stat }) => stat.isBlockDevice())).toEqual([]);
    const open = readdirSync(`/proc/${monitor}/fd`).map((fd) => readlinkSync(`/proc/${monitor}/fd/${fd}`));
    const expected =
      /^(?:\/dev\/null|\/vm\/(?:kernel|initramfs|ready|image-\d+)|socket:\[\d+\]|pipe:\[\d+\]|anon_inode:.*|\/memfd:.*)$/;
    expect(open.filter((target) => !expected.test(target))).toEqual([]);
  });

  test("nothing that it has open may be written to but its connections", () => {
    for (const fd of readdirSync(`/proc/${monitor}/fd`)) {
      if (!readlinkSync(`/proc/${monitor}/fd/${fd}`).startsWith("/vm/")) continue;
      const flags = Number.parseInt(/^flags:\s*(\d+)/m.exec(file(`fdinfo/${fd}`))?.[1] ?? "3", 8);
      expect(flags & 0o3).toBe(0);
    }
  });

  test("nothing of its caller: environment, session, terminal, directory", () => {
    expect(
      file("environ")
        .split("\0")
        .filter((entry) => entry !== ""),
    ).toEqual([expect.stringMatching(/^LD_LIBRARY_PATH=(?:\/(?:usr\/)?lib[\w/.:-]*)+$/)]);
    const [session, terminal] = sessionOf(monitor);
    expect(session).not.toBe(sessionOf("self")[0]);
    expect(terminal).toBe(0);
    expect(readlinkSync(`/proc/${monitor}/cwd`)).toBe("/");
  });

  test("limits of memory, processes and processors, from outside, that hold the monitor as well as its guest", () => {
    const { limits } = sandbox.plan;
    const read = (name: string) =>
      groupsOf(monitor)
        .map((group) => readKernelFile(join(group, name)).trim())
        .find((text) => text !== "");
    const memory = Number(read("memory.max") ?? read("memory.limit_in_bytes"));
    expect(memory).toBeGreaterThan(GUEST_MEMORY);
    expect(memory).toBeLessThanOrEqual(limits.memoryBytes);
    expect(memory).toBeLessThan(GUEST_MEMORY + 512 * MIB);
    const pids = Number(read("pids.max"));
    expect(pids).toBeGreaterThan(0);
    expect(pids).toBeLessThan(128);
    const [quota = 0, period = 1] = (read("cpu.max") ?? `${read("cpu.cfs_quota_us")} ${read("cpu.cfs_period_us")}`)
      .split(" ")
      .map(Number);
    expect(quota / period).toBeCloseTo(0.5, 2);
    const rlimits = file("limits");
    expect(rlimits).toMatch(/^Max file size\s+0\s+0\s/m);
    expect(rlimits).toMatch(new RegExp(`^Max open files\\s+${limits.openFiles}\\s+${limits.openFiles}\\s`, "m"));
    expect(rlimits).toMatch(/^Max core file size\s+1\s+1\s/m);
  });
});

/** Session, and the number of the terminal that controls it: 0 is none. */
function sessionOf(pid: number | "self"): readonly [number, number] {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return [Number(fields[3]), Number(fields[4])];
}

interface Entry {
  readonly path: string;
  readonly stat: ReturnType<typeof statSync> & object;
}

/** Everything below a root, links not followed; kernel's own file systems left out. */
function* entries(root: string, at = ""): Generator<Entry> {
  for (const name of readdirSync(join(root, at) || root)) {
    const path = `${at}/${name}`;
    if (path === "/proc" || path === "/sys") continue;
    const stat = statSync(join(root, path), { throwIfNoEntry: false });
    if (stat === undefined) continue;
    yield { path, stat };
    if (stat.isDirectory()) yield* entries(root, path);
  }
}

function* regularFiles(root: string): Generator<string> {
  for (const { path, stat } of entries(root)) if (stat.isFile()) yield path;
}
