import { describe, expect, it } from "vitest";
import { BulkheadError } from "../../src/errors/bulkhead-error.js";
import type { Policy } from "../../src/policy/schema.js";
import { hostWith, rootlessHost } from "../support/facts.js";
import { compiled, directory, inputsWith } from "./compile-support.js";

type Options = Parameters<typeof compiled>[1];

function refusal(policy: Policy, options: Options = {}): BulkheadError {
  try {
    compiled(policy, options);
  } catch (error) {
    if (error instanceof BulkheadError) return error;
    throw error;
  }
  throw new Error("it was compiled");
}

const rw: Policy = { files: [{ host: "/srv/data", at: "/data", mode: "rw" }] };

describe("levels fail closed", () => {
  it.each<[Policy, string]>([
    [{ level: "gvisor" }, "gvisor"],
    [{ level: "microvm" }, "microvm"],
    [{ trust: "third-party" }, "gvisor"],
    [{ trust: "hostile" }, "microvm"],
    [{ level: { min: "gvisor" } }, "gvisor"],
  ])("%j is refused with what is missing", (policy, level) => {
    const error = refusal(policy);
    expect(error.code).toBe("LEVEL_UNAVAILABLE");
    expect(error.detail).toContain(level);
  });

  it("is no container without user namespaces, and says how to allow them", () => {
    const userns = { works: false, errno: 1, apparmorRestricted: true, unprivilegedClone: true, maximum: 1000 };
    const error = refusal({}, { host: rootlessHost({ userns }) });
    expect(error.code).toBe("LEVEL_UNAVAILABLE");
    expect(error.detail).toContain("kernel.apparmor_restrict_unprivileged_userns=0");
  });

  it.each([
    ["an old kernel", hostWith({ kernel: "5.10.0" })],
    ["no mount API", hostWith({ newMountApi: false })],
    ["no seccomp", hostWith({ seccompActions: [] })],
    ["no pid namespaces", hostWith({ namespaces: ["mnt", "ipc", "user", "uts"] })],
    ["another processor", { ...hostWith(), architecture: "mips" }],
  ])("is nothing at all with %s", (_name, host) => {
    expect(refusal({ level: "chroot" }, { host }).code).toBe("HOST_UNSUPPORTED");
  });
});

describe("require fails closed", () => {
  it("names each protection that is not in force, why, and the remedy", () => {
    const error = refusal(
      { require: ["apparmor", "cgroup.memory", "seccomp"] },
      { host: rootlessHost({ apparmor: false }) },
    );
    expect(error.code).toBe("REQUIREMENT_UNMET");
    expect(error.detail).toMatch(
      /^apparmor: cannot: .*lsm=.*\ncgroup\.memory: weaker: no delegated cgroup\. .*Delegate=yes/s,
    );
    expect(error.detail).not.toContain("seccomp");
  });

  it("takes a profile that is named as required", () => {
    expect(refusal({ apparmor: "mine" }, { host: hostWith({ apparmor: false }) }).code).toBe("REQUIREMENT_UNMET");
  });

  it("takes nothing that is only weaker for enforced", () => {
    expect(refusal({ require: ["uid-range"] }, { host: rootlessHost() }).code).toBe("REQUIREMENT_UNMET");
    expect(refusal({ require: ["read-only-root"], writable: true }).code).toBe("REQUIREMENT_UNMET");
  });
});

describe("writable host directories", () => {
  it("of root's are refused: the sandbox would write as root on disk", () => {
    expect(refusal(rw, { inputs: inputsWith({ files: [directory("/srv/data", 0)] }) }).code).toBe("MOUNT_OWNER_ROOT");
  });

  it("of another user are refused to callers that are not root", () => {
    const host = hostWith({ callerUid: 1000, callerGid: 1000 });
    const inputs = inputsWith({ files: [directory("/srv/data", 1001)] });
    expect(refusal(rw, { host, inputs }).code).toBe("MOUNT_OWNER_FOREIGN");
  });

  it("map their owner to the sandbox's user, and set-user-id files are refused", () => {
    const { plan, enforcement } = compiled(rw, { inputs: inputsWith({ files: [directory("/srv/data", 1001, 1002)] }) });
    expect(plan.mounts.find(({ at }) => at === "/data")).toMatchObject({
      readOnly: false,
      owner: { hostUid: 1001, hostGid: 1002, uid: 1000, gid: 1000 },
    });
    expect(plan.seccomp.denySetid).toBe(true);
    expect(plan.landlock?.writable).toContain("/data");
    expect(enforcement.protections.find(({ protection }) => protection === "disk-limit")?.status).toBe("weaker");
  });

  it("never map group root", () => {
    const { plan } = compiled(rw, { inputs: inputsWith({ files: [directory("/srv/data", 1001, 0)] }) });
    expect(plan.mounts.find(({ at }) => at === "/data")).toMatchObject({ owner: { hostGid: 1001 } });
  });

  it("need no mapping without root, where the caller is the sandbox's user", () => {
    const { plan } = compiled(rw, {
      host: rootlessHost(),
      inputs: inputsWith({ files: [directory("/srv/data", 1000)] }),
    });
    expect(plan.mounts.find(({ at }) => at === "/data")).toMatchObject({ owner: null, readOnly: false });
  });
});
