import { chmod, chown, stat, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { run, Sandbox } from "bulkhead";
import { learn } from "bulkhead/learn";
import { describe, expect, test } from "vitest";
import { shell } from "../support/inside.js";
import { isRequired, lackFor } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";

const level = "microvm" as const;
const lack = await lackFor(level);

test.runIf(lack !== undefined && isRequired(level))("microvm is required here", () => {
  throw new Error(lack);
});

/** The kept machine that a sandbox resumes. */
function keptBy({ plan }: Sandbox): string {
  const mount = plan.mounts.find(({ at }) => at === "/vm/ready");
  return mount?.kind === "bind" ? mount.source : "";
}

/** What is a machine's own; all else is in the suites that run at every level. */
describe.skipIf(lack !== undefined)(`microvm${lack === undefined ? "" : ` (skipped: ${lack})`}`, () => {
  test("resumes a kept machine, with its own random numbers, clock and boot id", async () => {
    await using one = await Sandbox.create({ level });
    await using other = await Sandbox.create({ level });
    expect(keptBy(one)).not.toBe("");
    expect(keptBy(other)).toBe(keptBy(one));
    const script = "head -c 16 /dev/urandom | od -An -tx1; cat /proc/sys/kernel/random/boot_id; date +%s";
    const said = (sandbox: Sandbox) => shell(sandbox, script).then(({ stdout }) => stdout.trim().split("\n"));
    const [first, second] = [await said(one), await said(other)];
    expect(first[0]).toMatch(/^[0-9a-f]{2}( [0-9a-f]{2}){15}$/);
    expect(second[0]).not.toBe(first[0]);
    expect(second[1]).not.toBe(first[1]);
    for (const [, , seconds] of [first, second]) expect(Math.abs(Number(seconds) - Date.now() / 1000)).toBeLessThan(60);
  });

  test("a damaged kept machine is not resumed, and another is made", async () => {
    await using sandbox = await Sandbox.create({ level });
    const kept = keptBy(sandbox);
    const { ino } = await stat(kept);
    await chmod(kept, 0o600);
    await truncate(kept, 1 << 20);
    await chmod(kept, 0o444);
    expect((await run(["echo", "again"], { level })).stdout).toBe("again\n");
    expect((await stat(kept)).ino).not.toBe(ino);
  });

  test("a kept machine that others may write to is not resumed", async () => {
    await using sandbox = await Sandbox.create({ level });
    const kept = keptBy(sandbox);
    const { ino } = await stat(kept);
    await chmod(kept, 0o666);
    expect((await run(["echo", "again"], { level })).stdout).toBe("again\n");
    expect((await stat(kept)).ino).not.toBe(ino);
  });

  test("a kept machine without a record is not resumed", async () => {
    await using sandbox = await Sandbox.create({ level });
    const kept = keptBy(sandbox);
    const { ino } = await stat(kept);
    await writeFile(
      join(dirname(kept), "record.json"),
      JSON.stringify({ sizeBytes: 1, sha256: "x", mark: "", plan: {} }),
    );
    expect((await run(["echo", "again"], { level })).stdout).toBe("again\n");
    expect((await stat(kept)).ino).not.toBe(ino);
  });

  test("a file and a directory of the host are images; what no image can stand for is refused", async () => {
    await using directory = await TemporaryDirectory.create("microvm", 0o755);
    await writeFile(directory.join("file"), "from the host\n");
    const files = [
      { host: directory.join("file"), at: "/one" },
      { host: directory.path, at: "/all" },
    ];
    const { stdout } = await run(["sh", "-c", "cat /one /all/file; echo x > /one; ls -A /all"], { level, files });
    expect(stdout).toBe("from the host\nfrom the host\nfile\n");
    const refused = { code: "MICROVM_UNSUPPORTED" };
    if (process.getuid?.() === 0) for (const path of ["", "file"]) await chown(directory.join(path), 54_321, 54_321);
    const writable = (name: string, at: string) => ({ host: directory.join(name), at, mode: "rw" as const });
    const single = run(["true"], { level, files: [writable("file", "/out")] });
    await expect(single).rejects.toMatchObject(refused);
    const twice = run(["true"], { level, files: [writable("", "/out"), writable("", "/again")] });
    await expect(twice).rejects.toMatchObject(refused);
    await expect(run(["true"], { level, root: "host" })).rejects.toMatchObject(refused);
  });

  test("is what a hostile workload gets, and never less", async () => {
    const { level: got, stdout } = await run(["uname", "-r"], { trust: "hostile" });
    expect(got).toBe(level);
    expect(stdout).not.toBe((await run(["uname", "-r"], { trust: "first-party" })).stdout);
    await using sandbox = await Sandbox.create({ trust: "first-party", level: { min: level } });
    expect(sandbox.level).toBe(level);
  });

  test("programs are observed in there, too", async () => {
    const outcome = await learn(["sh", "-c", "cat /etc/hostname"], { level });
    expect(outcome.result.exitCode).toBe(0);
    expect(JSON.stringify(outcome.learned)).toContain("openat");
  });
});
