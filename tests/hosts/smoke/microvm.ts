/**
 * Level microvm under one virtual machine monitor, with a KVM that works: the short conformance list, the attacks that
 * can share a sandbox, the jail, and copies. In a machine that is itself emulated each boot takes seconds, and the
 * whole suites run at this level elsewhere.
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { rm } from "node:fs/promises";
import { type ProcessEvidence, Sandbox } from "bulkhead";
import { Names } from "../../egress/support/names.js";
import { serveHttp } from "../../egress/support/servers.js";
import { allProcesses, readKernelFile } from "../../support/host.js";
import { eventually } from "../../support/time.js";
import { aftermath } from "./aftermath.js";
import { attacks } from "./attacks.js";
import { conformance } from "./conformance.js";
import { type Case, runList } from "./list.js";

const MONITOR = process.env["BULKHEAD_VMM"] === "firecracker" ? "/vm/firecracker" : "qemu-system-x86_64";
const SNAPSHOT = "/tmp/microvm-snapshot";
const MIB = 1 << 20;
const FORKED = 8;
const IDENTITY = "cat /proc/sys/kernel/random/boot_id; head -c 16 /dev/urandom | od -An -tx1";

let sandbox: Sandbox;
const copies: Sandbox[] = [];

const boots: Case = {
  name: "a guest boots, and runs a program",
  check: async () => {
    sandbox = await Sandbox.create({ level: "microvm", resources: { memory: "48MiB" } });
    assert.match((await shell(sandbox, "uname -s")).trim(), /^Linux$/);
  },
};

const inside: readonly Case[] = [
  {
    name: "the workload is confined again inside",
    check: async () => {
      const text = await shell(sandbox, "id -u; cat /proc/self/status; ls /sys/class/net; touch /etc/x || echo kept");
      assert.match(text, /^1000\n/);
      for (const [field, value] of Object.entries({ CapBnd: "0+", NoNewPrivs: "1", Seccomp: "2" }))
        assert.match(text, new RegExp(`^${field}:\\s*${value}$`, "m"));
      assert.match(text, /kept/);
    },
  },
  {
    name: "input goes in and comes out again, and files are written and read",
    check: async () => {
      const input = Buffer.alloc(MIB, "0123456789abcdef\n");
      const { stdoutBytes } = await sandbox.run(["cat"], { input });
      assert.equal(Buffer.compare(stdoutBytes, input), 0);
      await sandbox.files.write("/work/one", "content");
      assert.equal(await sandbox.files.readText("/work/one"), "content");
    },
  },
  {
    name: "the monitor and what starts it are nobody, with no capability, filtered, in namespaces of their own",
    check: async () => {
      const processes = await jailed();
      assert.equal(processes.length, 2);
      for (const process of processes) assertJailed(process);
    },
  },
  {
    name: "Firecracker's own filters are on beside the jail's",
    check: async () => {
      if (MONITOR !== "/vm/firecracker") return "another monitor";
      const processes = await jailed();
      const filters = processes.map(({ seccompFilters }) => seccompFilters).sort();
      assert.deepEqual(filters, [2, 3]);
      return undefined;
    },
  },
  {
    name: "the monitor sees no file of the host's but its own, no network and no other process",
    check: () => {
      const [monitor = 0] = monitors();
      assert.doesNotMatch(readKernelFile(`/proc/${monitor}/mountinfo`), / (?:\/home|\/root|\/etc|\/usr\/bin) /);
      assert.equal(readKernelFile(`/proc/${monitor}/net/dev`).trim().split("\n").length, 3);
      assert.equal(readKernelFile(`/proc/${monitor}/environ`).replace(/LD_LIBRARY_PATH=[^\0]*\0/, ""), "");
    },
  },
];

const network: readonly Case[] = [
  {
    name: "what a guest sends out goes through the gate of its sandbox, to the allowed host and to no other",
    check: async () => {
      await using web = await serveHttp((_request, response) => response.end("from outside\n"));
      await using names = await Names.start({ "allowed.test": ["127.0.0.1"], "other.test": ["127.0.0.1"] });
      const allow = [{ protocol: "http", private: true, host: "allowed.test", ports: web.port } as const];
      await using connected = await Sandbox.create(
        { level: "microvm", resources: { memory: "48MiB" }, network: { allow } },
        { egress: { resolver: { servers: names.servers } } },
      );
      const get = (name: string) => shell(connected, `wget -q -O - http://${name}:${web.port}/ || echo refused`);
      assert.equal(await get("allowed.test"), "from outside\n");
      assert.equal(await get("other.test"), "refused\n");
      assert.equal(web.requests.length, 1);
    },
  },
];

const snapshots: readonly Case[] = [
  {
    name: "the first machine lived through all of that",
    check: async () => {
      const ended = await Promise.race([sandbox.ended, undefined]);
      assert.equal(ended, undefined, `${JSON.stringify(ended)}, and the kernel: ${kernelSaid()}`);
    },
  },
  {
    name: "a snapshot is taken, and the original goes on",
    check: async () => {
      await shell(sandbox, "echo kept >/work/before; (sleep 1000 &)");
      await sandbox.snapshot(SNAPSHOT);
      assert.equal(await shell(sandbox, "cat /work/before"), "kept\n");
    },
  },
  {
    name: "a copy resumes from it, and its programs keep running",
    check: async () => {
      copies.push(await Sandbox.restore(SNAPSHOT));
      await assertCopies();
    },
  },
  {
    name: `a fork is ${FORKED} copies at once, each with other random numbers and another identity`,
    check: async () => {
      copies.push(...(await sandbox.fork(FORKED)));
      await assertCopies();
    },
  },
  {
    name: "a machine whose monitor is killed is gone, and says so",
    check: async () => {
      const victim = monitors().at(-1);
      assert.ok(victim !== undefined);
      process.kill(victim, "SIGKILL");
      await Promise.race(copies.map((one) => one.ended));
    },
  },
  {
    name: "nothing is left of any of them",
    check: async () => {
      await Promise.all([sandbox, ...copies].map((one) => one.kill()));
      await rm(SNAPSHOT, { recursive: true });
      await eventually("every monitor is gone", 10_000, () => monitors().length === 0);
    },
  },
];

await runList("microvm", [
  { gate: boots, cases: [...inside, ...conformance("microvm"), ...attacks("microvm"), ...network, ...snapshots] },
  aftermath(),
]);

/** A monitor that crashed, or was killed by the kernel, is told of there. */
function kernelSaid(): string {
  return spawnSync("dmesg", { encoding: "utf8" }).stdout.split("\n").slice(-20).join("\n");
}

async function shell(one: Sandbox, script: string): Promise<string> {
  const { stdout } = await one.run(["sh", "-c", script]);
  return stdout;
}

/** The original and its copies: no two have drawn the same random number, and each has what was there before. */
async function assertCopies() {
  const said = await Promise.all([sandbox, ...copies].map((one) => shell(one, IDENTITY)));
  const lines = said.flatMap((text) => text.trim().split("\n"));
  assert.equal(lines.length, 2 * (copies.length + 1));
  assert.equal(new Set(lines).size, lines.length, said.join());
  for (const copy of copies)
    assert.equal(await shell(copy, "cat /work/before; ps | grep -c '[s]leep 1000'"), "kept\n1\n");
}

async function jailed(): Promise<readonly ProcessEvidence[]> {
  return (await sandbox.evidence()).processes ?? [];
}

function assertJailed({ uid, capabilities, noNewPrivs, seccomp, namespaces }: ProcessEvidence) {
  assert.ok(uid.every((id) => id >= 65_536));
  for (const set of Object.values(capabilities)) assert.match(set, /^0+$/);
  assert.deepEqual([noNewPrivs, seccomp], [true, 2]);
  for (const name of ["mount", "pid", "ipc", "net", "user", "uts"]) assert.equal(namespaces[name], "own", name);
}

/** Process ids of the monitors that run, the oldest first. */
function monitors(): readonly number[] {
  return allProcesses()
    .filter((pid) => readKernelFile(`/proc/${pid}/cmdline`).split("\0", 1)[0]?.endsWith(MONITOR))
    .sort((one, other) => one - other);
}
