import { BulkheadError, Sandbox } from "bulkhead";
import { expect, test } from "vitest";
import { insideIds } from "../support/ids.js";
import { inside, printed } from "../support/inside.js";
import { forEachLevel } from "../support/levels.js";

await forEachLevel((level) => {
  test("numbers, numbers with a group, and names of the root's own passwd", async () => {
    const idsOf = async (user: string | number) => insideIds(level, await printed("id -u; id -g", { level, user }));
    expect(await idsOf(4242)).toEqual([4242, 4242]);
    expect(await idsOf("7:8")).toEqual([7, 8]);
    expect(await idsOf("sandbox")).toEqual([1000, 1000]);
    await expect(printed("id -u", { level, user: "nobody-of-that-name" })).rejects.toMatchObject({
      code: "USER_UNKNOWN",
    });
  });

  test("the home directory and working directory are the user's", async () => {
    expect(insideIds(level, await printed("stat -c %u /work; test -w . && id -u", { level, user: "4242" }))).toEqual([
      4242, 4242,
    ]);
  });

  test("another user for one exec, or a clear refusal", async () => {
    await using sandbox = await Sandbox.create({ level });
    try {
      const { stdout } = await inside(sandbox, ["id", "-u"], { user: "2000:2000" });
      expect(stdout).toBe("2000\n");
      expect((await inside(sandbox, ["id", "-u"])).stdout).toBe("1000\n");
    } catch (error) {
      expect(error).toBeInstanceOf(BulkheadError);
      expect(error).toMatchObject({ code: "EXEC_USER_FIXED" });
    }
  });

  test("no program may run as init's own user", async () => {
    await using sandbox = await Sandbox.create({ level });
    await expect(inside(sandbox, ["id", "-u"], { user: "65535:65535" })).rejects.toBeInstanceOf(BulkheadError);
    await expect(Sandbox.create({ level, user: "65535" })).rejects.toMatchObject({ code: "POLICY_INVALID" });
  });

  test.runIf(level !== "chroot")("root inside, when asked for, is an unprivileged uid outside", async () => {
    await using sandbox = await Sandbox.create({ level, user: "0:0" });
    expect((await inside(sandbox, ["id", "-u"])).stdout).toBe("0\n");
    const evidence = await sandbox.evidence();
    for (const process of [evidence.init, ...(evidence.processes ?? [])]) {
      if (globalThis.process.getuid?.() === 0) expect(Math.min(...process.uid)).toBeGreaterThanOrEqual(0x7000_0000);
    }
  });

  test("the broker saw the confinement that the table claims", async () => {
    await using sandbox = await Sandbox.create({ level });
    await sandbox.exec(["sleep", "100"], { buffer: true });
    const { init, processes } = await sandbox.evidence();
    expect(processes?.length).toBeGreaterThanOrEqual(1);
    for (const process of [init, ...(processes ?? [])]) {
      expect(process).toMatchObject({ noNewPrivs: true, seccomp: 2 });
      expect(process.namespaces["mount"] ?? process.namespaces["mnt"]).toBe("own");
      expect(process.namespaces["net"]).toBe("own");
    }
    // What shows of gVisor is the Sentry and its helpers, with what they need in their own user namespace.
    const workload = level === "gvisor" ? [] : (processes ?? []).filter(({ pid }) => pid !== init.pid);
    for (const process of workload) {
      for (const set of Object.values(process.capabilities)) expect(BigInt(`0x${set}`)).toBe(0n);
    }
  });
});
