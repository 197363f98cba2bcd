import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Policy, run, Sandbox } from "bulkhead";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { shell } from "../support/inside.js";
import { isRequired, lackFor } from "../support/levels.js";
import { monitorsOf } from "../support/monitors.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { eventually, ms, sleep } from "../support/time.js";

const level = "microvm" as const;
const lack = await lackFor(level);
if (lack !== undefined && isRequired(level)) throw new Error(lack);

const POLICY: Policy = { level, resources: { memory: "48MiB" } };
const VICTIM = fileURLToPath(new URL("support/forking.ts", import.meta.url));

/**
 * What a copy says of itself. The kernel's random bytes are drawn twice: what is left of a buffer must not be the same
 * either.
 */
const IDENTITY = `cat /proc/sys/kernel/random/boot_id
head -c 16 /dev/urandom | od -An -tx1
cat /proc/sys/kernel/random/uuid
date +%s`;

interface Identity {
  readonly bootId: string;
  readonly random: string;
  readonly uuid: string;
  readonly seconds: number;
}

async function identityOf(sandbox: Sandbox): Promise<Identity> {
  const [bootId = "", random = "", uuid = "", seconds = ""] = (await shell(sandbox, IDENTITY)).stdout
    .trim()
    .split("\n");
  expect(bootId).toMatch(/^[0-9a-f-]{36}$/);
  expect(random.trim()).toMatch(/^[0-9a-f]{2}( [0-9a-f]{2}){15}$/);
  expect(uuid).toMatch(/^[0-9a-f-]{36}$/);
  return { bootId, random, uuid, seconds: Number(seconds) };
}

/** All different in everything that is to differ, and right about the time. */
function assertApart(identities: readonly Identity[]): void {
  for (const part of ["bootId", "random", "uuid"] as const)
    expect(new Set(identities.map((identity) => identity[part])).size).toBe(identities.length);
  for (const { seconds } of identities) expect(Math.abs(seconds - Date.now() / 1000)).toBeLessThan(ms(10_000) / 1000);
}

describe.skipIf(lack !== undefined)(`copies of a machine${lack === undefined ? "" : ` (skipped: ${lack})`}`, () => {
  let work: TemporaryDirectory;
  let sandbox: Sandbox;

  beforeAll(async () => {
    work = await TemporaryDirectory.create("copies");
    sandbox = await Sandbox.create(POLICY);
    await shell(sandbox, "echo kept >/work/before; (sleep 1000 &)");
  });
  afterAll(async () => {
    await sandbox?.kill();
    await work?.[Symbol.asyncDispose]();
  });

  test("eight at once, each with its own random numbers, clock and identity; programs keep running [copies differ]", async () => {
    const copies = await sandbox.fork(8);
    try {
      expect(copies).toHaveLength(8);
      expect(monitorsOf()).toHaveLength(9);
      const all = [sandbox, ...copies];
      expect(new Set(all.map(({ id }) => id)).size).toBe(9);
      assertApart(await Promise.all(all.map(identityOf)));
      for (const copy of copies)
        expect((await shell(copy, "cat /work/before; ps | grep -c '[s]leep 1000'")).stdout).toBe("kept\n1\n");
      // What one does no other one sees.
      await Promise.all(copies.map((copy, index) => shell(copy, `echo ${index} >/work/before`)));
      const read = await Promise.all(all.map((one) => shell(one, "cat /work/before")));
      expect(read.map(({ stdout }) => stdout.trim())).toEqual(["kept", ..."01234567"]);
    } finally {
      await Promise.all(copies.map((copy) => copy.kill()));
    }
    expect(monitorsOf()).toHaveLength(1);
  });

  test("several at once from one snapshot, and again later", async () => {
    const { directory, digest } = await sandbox.snapshot(work.join("one"));
    const copies = await Promise.all(Array.from({ length: 3 }, () => Sandbox.restore(directory, { digest })));
    try {
      const first = await Promise.all(copies.map(identityOf));
      await copies[0]?.kill();
      await using again = await Sandbox.restore(directory, { digest });
      assertApart([...first, await identityOf(again)]);
    } finally {
      await Promise.all(copies.map((copy) => copy.kill()));
    }
  });

  test("a copy of a copy", async () => {
    const { directory } = await sandbox.snapshot(work.join("first"));
    await using copy = await Sandbox.restore(directory);
    await shell(copy, "echo twice >>/work/before");
    const second = await copy.snapshot(work.join("second"));
    await using another = await Sandbox.restore(second.directory, { digest: second.digest });
    expect((await shell(another, "cat /work/before")).stdout).toBe("kept\ntwice\n");
    assertApart(await Promise.all([sandbox, copy, another].map(identityOf)));
  });

  test("the table of a copy without a digest says that it is unverified; a required protection is refused", async () => {
    const { directory, digest } = await sandbox.snapshot(work.join("table"));
    const statusOf = ({ enforcement }: Sandbox, protection: string) =>
      enforcement.protections.find((line) => line.protection === protection)?.status;
    await using vouched = await Sandbox.restore(directory, { digest });
    expect(vouched.enforcement).toEqual(sandbox.enforcement);
    await using unvouched = await Sandbox.restore(directory);
    for (const inside of ["seccomp", "capabilities", "cgroup.memory"]) {
      expect(statusOf(vouched, inside)).toBe("enforced");
      expect(statusOf(unvouched, inside)).toBe("weaker");
    }
    for (const around of ["uid-range", "network", "read-only-root"])
      expect(statusOf(unvouched, around)).toBe("enforced");

    // A copy of it holds the same memory, whoever copied it.
    const [forked] = await unvouched.fork(1);
    const again = await unvouched.snapshot(work.join("again"));
    await using restored = await Sandbox.restore(again.directory, { digest: again.digest });
    for (const copy of [forked, restored]) expect(copy && statusOf(copy, "seccomp")).toBe("weaker");
    await forked?.kill();

    await using strict = await Sandbox.create({ ...POLICY, require: ["seccomp"] });
    const taken = await strict.snapshot(work.join("strict"));
    await expect(Sandbox.restore(taken.directory)).rejects.toMatchObject({ code: "REQUIREMENT_UNMET" });
    await using allowed = await Sandbox.restore(taken.directory, { digest: taken.digest });
    expect((await allowed.run(["true"])).exitCode).toBe(0);
  });

  test("the policy may be the caller's own, and then nothing else is taken", async () => {
    const { directory } = await sandbox.snapshot(work.join("policy"));
    const path = join(directory, "snapshot.json");
    const facts = JSON.parse(await readFile(path, "utf8"));
    await writeFile(path, JSON.stringify({ ...facts, policy: { ...facts.policy, resources: { memory: "1GiB" } } }));
    await expect(Sandbox.restore(directory)).rejects.toMatchObject({ code: "SNAPSHOT_MISMATCH" });
    await using copy = await Sandbox.restore(directory, { policy: POLICY });
    expect(copy.plan.limits).toEqual(sandbox.plan.limits);
    // Copies of the copy, too.
    const next = await copy.snapshot(work.join("policy-of-copy"));
    expect(JSON.parse(await readFile(join(next.directory, "snapshot.json"), "utf8")).policy).toEqual(POLICY);
    await expect(Sandbox.restore(directory, { policy: { ...POLICY, user: "root" } })).rejects.toMatchObject({
      code: "SNAPSHOT_MISMATCH",
    });
  });

  test("the jail of a copy is made here: only its id and the state it resumes differ from those of a first start", async () => {
    const { directory } = await sandbox.snapshot(work.join("jail"));
    await using copy = await Sandbox.restore(directory);
    const { mounts, payload, ...rest } = copy.plan;
    expect({ ...rest, id: "", inner: null }).toEqual({
      ...sandbox.plan,
      id: "",
      inner: null,
      mounts: undefined,
      payload: undefined,
    });
    expect(mounts.slice(1)).toEqual(sandbox.plan.mounts.slice(1));
    expect(mounts[0]).toMatchObject({ at: "/vm/snapshot", source: join(directory, "state"), readOnly: true });
    expect(payload).toEqual(JSON.parse(JSON.stringify(sandbox.plan.payload).replace("/vm/ready", "/vm/snapshot")));
  });

  test("a paused machine does nothing, and resumes where it was", async () => {
    const counted = async () => (await shell(sandbox, "cat /work/count")).stdout.length;
    await shell(sandbox, "(while [ ! -e /work/stop ]; do printf x >>/work/count; sleep 0.05; done) >/dev/null 2>&1 &");
    await eventually("it counts", 5000, async () => (await counted()) > 2);
    await sandbox.pause();
    const { cpuUs: before } = await sandbox.stats();
    const waiting = counted();
    const first = await Promise.race([waiting.then(() => "answered"), sleep(1000).then(() => "silent")]);
    expect(first).toBe("silent");
    // What is counted is summed up a moment later.
    expect(Number((await sandbox.stats()).cpuUs) - Number(before)).toBeLessThan(20_000);
    await sandbox.resume();
    const after = await waiting;
    await eventually("it counts again", 5000, async () => (await counted()) > after);
    await shell(sandbox, "touch /work/stop");
  });

  test("what forking had written when its process was killed is gone at the next start", async () => {
    await using store = await TemporaryDirectory.create("store");
    const env = { ...process.env, BULKHEAD_STORE: store.path };
    const victim = spawn(process.execPath, ["--import", "tsx", VICTIM], { env, stdio: ["ignore", "pipe", "inherit"] });
    await once(victim.stdout, "data");
    const saved = async () =>
      (await readdir(store.join("work"), { recursive: true })).filter((name) => name.endsWith("/state"));
    await eventually("it is being written", 30_000, async () => (await saved()).length > 0);
    victim.kill("SIGKILL");
    await once(victim, "exit");
    expect(await saved()).toHaveLength(1);
    process.env["BULKHEAD_STORE"] = store.path;
    try {
      await run(["true"], POLICY);
    } finally {
      delete process.env["BULKHEAD_STORE"];
    }
    expect(await saved()).toEqual([]);
  });

  test("a sandbox with a network, a level without machines, a directory that is there: refused", async () => {
    await using connected = await Sandbox.create({ ...POLICY, network: { allow: ["example.org:443"] } });
    await expect(connected.snapshot(work.join("network"))).rejects.toMatchObject({ code: "SNAPSHOT_UNSUPPORTED" });
    await expect(connected.fork(1)).rejects.toMatchObject({ code: "SNAPSHOT_UNSUPPORTED" });
    await using container = await Sandbox.create({ level: "container" });
    await expect(container.snapshot(work.join("container"))).rejects.toMatchObject({ code: "SNAPSHOT_UNSUPPORTED" });
    const there = await mkdtemp(join(tmpdir(), "bulkhead-test-"));
    await expect(sandbox.snapshot(there)).rejects.toMatchObject({ code: "SNAPSHOT_INVALID" });
    await rm(there, { recursive: true });
  });
});
