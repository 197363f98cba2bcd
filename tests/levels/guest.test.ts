import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listKernels } from "../../packages/bulkhead/src/guest/kernel/store.js";
import { Guest, lackOfGuests } from "../support/guest.js";
import { isRequired } from "../support/levels.js";

const lack = await lackOfGuests();
const MIB = 1024 * 1024;
const FEATURES = "/usr/share/apparmor-features/features";
const parser = ["/usr/sbin/apparmor_parser", "/sbin/apparmor_parser"].find(existsSync);
const PROFILE = `profile bulkhead-test flags=(attach_disconnected) {
  /** rwlkmix,
  deny /etc/hostname r,
  unix,
  network,
  signal,
  ptrace,
  capability,
}`;

/** Always with a features file: without one the parser silently leaves out rules unknown to this host's kernel. */
function compiled(): Buffer | undefined {
  if (parser === undefined || !existsSync(FEATURES)) return undefined;
  const args = ["--config-file", "/dev/null", "--features-file", FEATURES, "-Q", "-K", "--stdout"];
  const made = spawnSync(parser, args, { input: PROFILE });
  if (made.status !== 0) throw new Error(made.stderr.toString());
  return made.stdout;
}

if (lack !== undefined && isRequired("microvm")) throw new Error(lack);

/** All installed kernels: the distribution's, which has AppArmor and cgroup v2 on any host, and one that was built. */
const kernels = lack === undefined ? (await listKernels()).map(({ name }) => name) : [];
if (lack === undefined && isRequired("microvm") && !kernels.some((name) => name.startsWith("debian-")))
  throw new Error("no kernel of the distribution's: ./bulkhead setup microvm");
if (lack !== undefined) it.skip(`inside a guest (skipped: ${lack})`, () => undefined);

describe.each(kernels)("inside a guest with kernel %s", (kernel) => {
  const profile = compiled();
  let guest: Guest;

  beforeAll(async () => {
    guest = await Guest.start(
      (plan) => {
        plan["limits"] = { ...(plan["limits"] as object), memoryBytes: 48 * MIB, pids: 20, milliCpus: 400 };
        plan["mounts"] = (plan["mounts"] as { kind: string }[]).map((mount) =>
          mount.kind === "tmpfs" ? { ...mount, sizeBytes: 4 * MIB } : mount,
        );
        if (profile !== undefined) plan["apparmor"] = "bulkhead-test";
      },
      profile === undefined ? {} : { apparmor: profile },
      kernel,
    );
    await guest.booted;
  });
  afterAll(async () => await guest?.[Symbol.asyncDispose]());

  it("the workload is confined as it would be on a host", async () => {
    const { init, cgroup, landlock, verdict } = await guest.booted;
    expect(verdict.contradicted).toEqual([]);
    for (const one of ["uid-range", "seccomp", "landlock", "namespace.user", "cgroup.memory"] as const) {
      expect(verdict.inForce).toContain(one);
    }
    // Judged again with the processes inside, one of which is the workload's.
    expect((await guest.control.evidence()).verdict).toEqual(verdict);
    expect([init.noNewPrivs, init.seccomp, landlock?.abi]).toEqual([true, 2, 2]);
    expect(cgroup).toEqual({ version: 2, memoryMax: 48 * MIB, pidsMax: 21, cpuMax: 400 });
    const { out } = await guest.shell("id -u; grep -E '^(CapBnd|NoNewPrivs|Seccomp):' /proc/self/status; touch /etc/x");
    expect(out).toMatch(/^1000\nCapBnd:\t0{16}\nNoNewPrivs:\t1\nSeccomp:\t2\ntouch: .*(Read-only|denied)/);
  });

  it("what is beyond the memory of the inner cgroup is killed, and counted", async () => {
    const before = await guest.control.stats();
    const { exitCode } = await guest.shell("exec tail -c 200000000 /dev/zero");
    expect(exitCode).toBe(137);
    expect((await guest.control.stats()).oomKills).toBeGreaterThan(before.oomKills ?? 0);
  });

  it("a workload gets no more than its share of the processor", async () => {
    // Ticks of a hundredth of a second, of this shell's children; and what passed meanwhile.
    const script = `now() { read -r up _ </proc/uptime; echo "$up"; }
      now; timeout 4 sh -c 'while :; do :; done'; now; read -r line </proc/$$/stat; echo "$line"`;
    const { out } = await guest.shell(script);
    const [began = "", ended = "", stat = ""] = out.split("\n").filter((line) => line !== "Terminated");
    const [user = 0, system = 0] = stat
      .slice(stat.lastIndexOf(")") + 2)
      .split(" ")
      .slice(13, 15)
      .map(Number);
    const share = (user + system) / 100 / (Number(ended) - Number(began));
    expect(share).toBeGreaterThan(0.1);
    expect(share).toBeLessThan(0.5);
  });

  it("a full disk says so", async () => {
    expect((await guest.control.stats()).diskFull).toBe(false);
    const { out } = await guest.shell("cat /dev/zero > /tmp/full");
    expect(out).toContain("No space left");
    expect((await guest.control.stats()).diskFull).toBe(true);
    await guest.shell("rm /tmp/full");
  });

  it.skipIf(profile === undefined)("AppArmor rules (skipped without apparmor_parser)", async () => {
    expect((await guest.control.evidence()).init.lsm).toBe("bulkhead-test (enforce)");
    const { out } = await guest.shell("cat /etc/hosts >/dev/null && echo read; cat /etc/hostname");
    expect(out).toMatch(/^read\ncat: .*Permission denied/);
  });

  it("no module can be loaded, and no clock set", async () => {
    // A kernel that was built without modules has no such switch, and needs none.
    const file = "/proc/sys/kernel/modules_disabled";
    const { out } = await guest.shell(`[ -e ${file} ] && cat ${file} || echo 1; date -s 2000-01-01 2>&1 | tail -n 1`);
    expect(out).toMatch(/^1\n(?:.*not permitted|.*denied|Sat Jan)/);
  });

  it("wakes as another: name, boot id and random numbers", async () => {
    const script = "hostname; cat /proc/sys/kernel/random/boot_id; head -c 16 /dev/urandom | od -An -tx1";
    const before = (await guest.shell(script)).out.split("\n");
    await guest.control.quiesce();
    await guest.control.awake("another");
    const after = (await guest.shell(script)).out.split("\n");
    expect(after[0]).toBe("another");
    expect(after[1]).not.toBe(before[1]);
    expect(after[2]).not.toBe(before[2]);
  });

  // Last of these: what it started is still there for a moment.
  it("processes beyond the inner cgroup's limit are refused, and counted", async () => {
    await guest.shell("for i in $(seq 40); do sleep 3 & done; wait");
    expect((await guest.control.stats()).pidsExceeded).toBeGreaterThan(0);
  });

  it("ends the machine when the channel closes", async () => {
    guest.hangUp();
    expect((await guest.ended).code).toBe(0);
    await guest.gone;
  });
});

describe.skipIf(lack !== undefined)("a guest that receives nonsense", () => {
  it("ends its machine", async () => {
    await using guest = await Guest.start(() => undefined);
    await guest.booted;
    guest.controlPort.write(Buffer.from("\0\0\0\x02{}"));
    await guest.gone;
  });
});
