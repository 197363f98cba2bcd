import { writeFile } from "node:fs/promises";
import { explain, type Policy, run, Sandbox } from "bulkhead";
import { exportProfile } from "bulkhead/policy";
import { afterAll, beforeAll, expect, test } from "vitest";
import { shell } from "../support/inside.js";
import { forEachLevel } from "../support/levels.js";
import { foreignProfiles } from "../support/profiles.js";
import { PROBE, PROBE_PATH } from "../support/programs.js";
import { TemporaryDirectory } from "../support/temporary.js";

let directory: TemporaryDirectory;
beforeAll(async () => {
  directory = await TemporaryDirectory.create("profiles", 0o755);
});
afterAll(() => directory[Symbol.asyncDispose]());

const FOREIGN = await foreignProfiles();

/** Kubernetes' resource as its security-profiles-operator takes it, with a rule that shows. */
const RESOURCE = `apiVersion: security-profiles-operator.x-k8s.io/v1
kind: SeccompProfile
metadata:
  name: no-directories
spec:
  defaultAction: SCMP_ACT_ALLOW
  architectures: [SCMP_ARCH_X86_64, SCMP_ARCH_AARCH64]
  flags: [SECCOMP_FILTER_FLAG_TSYNC]
  syscalls:
    - action: SCMP_ACT_ERRNO
      errnoRet: 28
      names: [mkdir, mkdirat]
`;

/** A policy with this profile in a file of its own. */
async function withProfile(name: string, profile: unknown): Promise<Policy> {
  const path = directory.join(`${name}.json`);
  await writeFile(path, typeof profile === "string" ? profile : JSON.stringify(profile));
  return { syscalls: { profile: path }, files: [{ host: PROBE_PATH, at: PROBE }] };
}

await forEachLevel((level) => {
  test("strict: programs compute and keep files, and make no sockets", async () => {
    await using sandbox = await Sandbox.create({ level, syscalls: "strict", files: [{ host: PROBE_PATH, at: PROBE }] });
    const { stdout } = await shell(sandbox, "seq 1 100 | sort -rn | head -1; mkdir d; echo x > d/f; ls d; rm -r d");
    expect(stdout).toBe("100\nf\n");
    await sandbox.files.write("/work/file", "kept");
    expect((await sandbox.files.read("/work/file")).toString()).toBe("kept");
    expect((await shell(sandbox, "nc -l -p 1000")).exitCode).not.toBe(0);
    expect((await shell(sandbox, `${PROBE} socket 1 1 0`)).stdout).not.toContain('"succeeded"');
  });

  test("our own profile, exported, is a profile like any other", async () => {
    const policy = await withProfile(`exported-${level}`, exportProfile("default"));
    const { stdout, exitCode } = await run(["sh", "-c", "echo $((6*7)) | cat; ls / >/dev/null"], { level, ...policy });
    expect([stdout, exitCode]).toEqual(["42\n", 0]);
  });

  test("a profile takes away, with the errno that it says", async () => {
    const refuse = { names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 28 };
    const policy = await withProfile(`mkdir-${level}`, { defaultAction: "SCMP_ACT_ALLOW", syscalls: [refuse] });
    const { stderr, exitCode } = await run(["mkdir", "d"], { level, ...policy });
    expect(exitCode).toBe(1);
    expect(stderr).toContain("No space left");
  });

  for (const { writer, text, why } of FOREIGN) {
    test.skipIf(text === undefined)(`a profile of ${writer} runs programs${why && ` (${why})`}`, async () => {
      const policy = await withProfile(`foreign-${level}`, text);
      const script = "mkdir d && echo $((6*7)) > d/f && cat d/f | cat && ls / | wc -l >/dev/null && sleep 0.01";
      await using sandbox = await Sandbox.create({ level, ...policy });
      expect(await shell(sandbox, script)).toMatchObject({ stdout: "42\n", stderr: "", exitCode: 0 });
      // None of them moves the floor either.
      expect((await shell(sandbox, `${PROBE} unshare user`)).stdout).toContain('"refused"');
    });
  }

  test("a resource of Kubernetes' operator is its profile", async () => {
    const policy = await withProfile(`resource-${level}`, RESOURCE);
    const { stderr, exitCode } = await run(["mkdir", "d"], { level, ...policy });
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("No space left")]);
  });

  test("a profile that logs refused calls is applied, together with the floor", async () => {
    const flags = ["SECCOMP_FILTER_FLAG_LOG"];
    const refuse = { names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errno: "ENOSPC" };
    const policy = await withProfile(`log-${level}`, { defaultAction: "SCMP_ACT_ALLOW", flags, syscalls: [refuse] });
    const { stderr, exitCode } = await run(["mkdir", "d"], { level, ...policy });
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("No space left")]);
  });

  test("a profile that allows everything does not move the floor", async () => {
    const policy = await withProfile(`all-${level}`, { defaultAction: "SCMP_ACT_ALLOW" });
    await using sandbox = await Sandbox.create({ level, ...policy });
    for (const attempt of ["unshare user", "clone3 user", "syscall io_uring_setup", "syscall mount", "syscall bpf"]) {
      expect((await shell(sandbox, `${PROBE} ${attempt}`)).stdout).toContain('"refused"');
    }
    // The probe can tell: what the floor leaves to the profile is let through. (The Sentry is not asked: what it lacks
    // is refused, too.)
    if (level !== "gvisor")
      expect((await shell(sandbox, `${PROBE} syscall process_vm_readv`)).stdout).toContain('"succeeded"');
    // At gvisor the two are in the Sentry, and what shows outside is its own.
    const { init } = await sandbox.evidence();
    // Of a machine what shows is its monitor's: the workload's are the guest's. Either has the floor and one more.
    if (level !== "gvisor") expect([init.seccomp, init.seccompFilters]).toEqual([2, 2]);
  });

  test("a profile under which nothing could start is refused, and says what it lacks", async () => {
    const policy = await withProfile(`none-${level}`, {
      defaultAction: "SCMP_ACT_ERRNO",
      syscalls: [{ names: ["read", "write"], action: "SCMP_ACT_ALLOW" }],
    });
    await expect(explain({ level, ...policy })).rejects.toMatchObject({
      code: "PROFILE_INVALID",
      detail: expect.stringMatching(/without .*execve/),
    });
  });
});
