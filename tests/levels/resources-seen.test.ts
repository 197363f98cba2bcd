import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { totalmem } from "node:os";
import { promisify } from "node:util";
import { type Policy, run, Sandbox } from "bulkhead";
import { expect, test } from "vitest";
import { inside, printed, shell } from "../support/inside.js";
import { forEachLevel } from "../support/levels.js";
import { findProgram } from "../support/programs.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { ms } from "../support/time.js";
import { GO_COUNTER, MEMORY_HOLDER } from "./support/memory-holder.js";

const MIB = 1024 * 1024;
const execute = promisify(execFile);
/** Of the machine that the tests run on: no sandbox runs on more. */
const PROCESSORS = Number((await execute("nproc")).stdout);
const GO = findProgram("go") ?? "/usr/local/go/bin/go";
const hasGo = await execute(GO, ["version"]).then(
  () => true,
  () => false,
);

await forEachLevel((level) => {
  const limits = { memory: "512MiB", pids: 100, cpus: 1, time: ms(60_000) } as const;
  const policy = (resources: NonNullable<Policy["resources"]> = {}): Policy => ({
    level,
    resources: { ...limits, ...resources },
  });
  /** A guest has no root of the host's. */
  const ofHost = (resources: NonNullable<Policy["resources"]> = {}): Policy => ({ ...policy(resources), root: "host" });

  /** For programs of the host: not all have them, and no guest has. */
  function program(name: string, title: string, body: () => Promise<void>): void {
    const lacking = level === "microvm" || findProgram(name) === undefined;
    test.skipIf(lacking)(`${name}: ${title}`, body, ms(120_000));
  }

  test("the group says what the policy does, in the form of v2", async () => {
    const script = "cd /sys/fs/cgroup && cat memory.max pids.max cpu.max && cat memory.current pids.current";
    const lines = (await printed(script, policy({ cpus: 0.5 }))).split("\n");
    expect(lines.slice(0, 3)).toEqual([String(512 * MIB), "100", "50000 100000"]);
    const [memory, pids] = lines.slice(3).map(Number);
    expect(memory).toBeGreaterThan(0);
    expect(memory).toBeLessThan(512 * MIB);
    expect(pids).toBeGreaterThan(0);
    expect(pids).toBeLessThan(10);
  });

  test("what is used shows as it grows", async () => {
    await using sandbox = await Sandbox.create(policy());
    const used = async () => Number((await inside(sandbox, ["cat", "/sys/fs/cgroup/memory.current"])).stdout);
    const before = await used();
    await shell(sandbox, "dd if=/dev/zero of=/tmp/fill bs=1M count=64 2>/dev/null");
    // The Sentry charges the gofer's files to no group inside.
    expect((await used()) - before).toBeGreaterThanOrEqual(level === "gvisor" ? -MIB : 60 * MIB);
  });

  test("the group of /proc/self/cgroup can be looked up, and names nothing of the host's", async () => {
    const groups = (await printed("cat /proc/self/cgroup", policy())).trim().split("\n");
    for (const line of groups) expect(line).toMatch(/^\d+:[a-z_=,]*:\/$/);
    // A kernel whose controllers are all of v1 has no line of v2; a guest's kernel has one.
    const own = level === "gvisor" || level === "microvm";
    const hasUnified = own || /^0::/m.test(await readFile("/proc/self/cgroup", "utf8"));
    expect(groups.includes("0::/")).toBe(hasUnified);
  });

  test("memory, processors and load are those of the policy", async () => {
    const kib = 512 * 1024;
    const memory = await printed("cat /proc/meminfo", policy());
    expect(Number(/^MemTotal: +(\d+) kB$/m.exec(memory)?.[1])).toBeLessThanOrEqual(kib * 1.01);
    expect(Number(/^MemTotal: +(\d+) kB$/m.exec(memory)?.[1])).toBeGreaterThan(kib * 0.9);
    expect(Number(/^MemAvailable: +(\d+) kB$/m.exec(memory)?.[1])).toBeLessThanOrEqual(kib);
    expect(await printed("cat /proc/loadavg", policy())).toMatch(/^\d\.\d\d \d\.\d\d \d\.\d\d \d+\/\d \d+\n$/);
  });

  test.each([
    [0.5, 1],
    [1, 1],
    [1.5, 2],
    [64, 64],
  ])("with cpus %s a program counts %i, however it counts", async (cpus, most) => {
    const expected = Math.min(most, PROCESSORS);
    const script = `nproc; grep -c ^processor /proc/cpuinfo; grep -c '^cpu[0-9]' /proc/stat; cat /sys/devices/system/cpu/online
      cat /sys/devices/system/cpu/possible /sys/devices/system/cpu/present; sed -n 's/^Cpus_allowed_list:\\t//p' /proc/self/status`;
    const [counted, described, timed, ...lists] = (await printed(script, policy({ cpus }))).trim().split("\n");
    expect([counted, described, timed].map(Number)).toEqual([expected, expected, expected]);
    for (const list of lists) expect(countList(list)).toBe(expected);
  });

  test("the views are read-only, for root inside too", async () => {
    const script = `for file in /sys/fs/cgroup/memory.max /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/memory/memory.limit_in_bytes \\
        /proc/meminfo /proc/stat /sys/devices/system/cpu/online; do (echo 1 > $file) 2>/dev/null && echo "wrote $file"; done
      mkdir /sys/fs/cgroup/new 2>/dev/null && echo made; rm -f /sys/fs/cgroup/pids.max 2>/dev/null && echo removed; true`;
    expect(await printed(script, { ...policy(), user: "0:0" })).toBe("");
  });

  test("nothing of the host's other groups, its memory or its load is in a file", async () => {
    const script = `find /sys/fs/cgroup -mindepth 2 -type d; cat /proc/self/mountinfo /proc/cgroups
      for name in vmstat zoneinfo buddyinfo swaps; do cat /proc/$name 2>/dev/null; done; true`;
    const text = await printed(script, policy());
    expect(text).not.toMatch(/^\/sys|bulkhead-|\.\.\/|nr_free_pages/m);
    // Who may make no device shows the host's own: null, zero and their like.
    if (process.getuid?.() === 0) expect(text).not.toMatch(/devtmpfs/);
    const kib = Math.round(totalmem() / 1024);
    const grep = `grep -rlsE '\\b${kib}\\b' /proc/meminfo /proc/stat /proc/cpuinfo /sys; true`;
    if (level !== "microvm") expect(await printed(grep, policy())).toBe("");
  });

  program("java", "keeps 64 MiB in 512 MiB, with a heap that fits", async () => {
    await using directory = await TemporaryDirectory.create("java", 0o755);
    await writeFile(directory.join("Holder.java"), MEMORY_HOLDER);
    const files = [{ host: directory.path, at: "/java" }];
    const result = await run(["java", "/java/Holder.java"], { ...ofHost({ pids: 200 }), files });
    expect(result).toMatchObject({ exitCode: 0, oomKilled: false });
    const [kept, processors, heapMib] = result.stdout.split(" ").map(Number);
    expect([kept, processors]).toEqual([64, 1]);
    expect(heapMib).toBeLessThanOrEqual(512 / 2);
  });

  program("node", "knows its limit, and its heap fits", async () => {
    const script = `console.log(process.constrainedMemory(), require("v8").getHeapStatistics().heap_size_limit,
      require("os").cpus().length, require("os").totalmem())`;
    const { stdout } = await run(["node", "-e", script], ofHost());
    const [constrained, heap, processors, total] = stdout.split(" ").map(Number);
    expect(constrained).toBe(512 * MIB);
    expect(heap).toBeLessThanOrEqual(512 * MIB);
    expect(processors).toBe(1);
    expect(total).toBeLessThanOrEqual(512 * MIB);
  });

  program("python3", "counts the processors of the policy", async () => {
    const script =
      "import os; print(os.cpu_count(), len(os.sched_getaffinity(0)), getattr(os, 'process_cpu_count', os.cpu_count)())";
    expect((await run(["python3", "-c", script], ofHost())).stdout).toBe("1 1 1\n");
  });

  program("make", "runs as many jobs as nproc says", async () => {
    const script = "printf 'all: a b\\na b:\\n\\t@echo $@\\n' > Makefile; nproc --all; make -j$(nproc)";
    expect(await printed(script, ofHost())).toBe("1\na\nb\n");
  });

  program("free", "and its like show the policy's memory and no use of the host's", async () => {
    const [total, , free] = (await printed("free -m | sed -n 's/^Mem: *//p'", ofHost())).trim().split(/ +/).map(Number);
    expect(total).toBeLessThanOrEqual(512);
    expect(free).toBeLessThanOrEqual(512);
    expect(await printed("uptime; vmstat 2>&1; top -bn1 2>&1 | head -3", ofHost())).toContain("load average");
  });

  test.skipIf(!hasGo)(
    "Go runs as many at once as the policy has processors",
    async () => {
      await using directory = await TemporaryDirectory.create("go", 0o755);
      await writeFile(directory.join("main.go"), GO_COUNTER);
      const environment = { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=mod", GO111MODULE: "off" };
      await execute(GO, ["build", "-o", directory.join("counter"), directory.join("main.go")], { env: environment });
      const files = [{ host: directory.path, at: "/go" }];
      expect((await run(["/go/counter"], { ...policy(), files })).stdout).toBe("1 1\n");
      const both = Math.min(2, PROCESSORS);
      expect((await run(["/go/counter"], { ...policy({ cpus: 1.5 }), files })).stdout).toBe(`${both} ${both}\n`);
    },
    ms(120_000),
  );

  test.runIf(PROCESSORS > 1 && level !== "microvm")("sandboxes do not all sit on the same processor", async () => {
    await using one = await Sandbox.create(policy());
    await using other = await Sandbox.create(policy());
    const processor = async (sandbox: Sandbox) =>
      (await shell(sandbox, "cat /sys/devices/system/cpu/online")).stdout.trim();
    if (level === "gvisor") return;
    expect(await processor(one)).not.toBe(await processor(other));
  });

  program("taskset", "whoever widens its set gains nothing beyond the quota", async () => {
    if (level === "gvisor") return;
    const script = `taskset -pc 0-63 $$ >/dev/null; end=$(( $(date +%s) + 2 ))
      for i in 1 2; do (while [ $(date +%s) -lt $end ]; do :; done) & done; wait`;
    const result = await run(["sh", "-c", script], ofHost({ cpus: 0.5 }));
    expect(result.exitCode).toBe(0);
    expect(result.cpuMs).toBeLessThan(1 * result.durationMs);
  });
});

/** How many are in a list as the kernel writes them. */
function countList(list: string): number {
  return list.split(",").reduce((sum, range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return sum + last - first + 1;
  }, 0);
}
