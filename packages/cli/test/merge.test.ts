import { describe, expect, it } from "vitest";
import { mergeFlags } from "../src/policy/merge.js";

describe("flags over a policy", () => {
  it("change nothing when there are none", () => {
    const policy = { root: "host", env: { A: "1" }, files: [{ tmpfs: "/x" }], resources: { pids: 5 } };
    expect(mergeFlags(policy, {})).toEqual(policy);
  });

  it("replace single fields and add to maps and lists", () => {
    const policy = {
      level: "chroot" as const,
      env: { A: "1" },
      require: ["seccomp" as const],
      resources: { pids: 5, memory: "1GiB" },
    };
    const flags = { level: "container", env: { B: "2" }, require: ["landlock"], memory: "2GiB", cpus: "0.5" };
    expect(mergeFlags(policy, flags)).toEqual({
      level: "container",
      env: { A: "1", B: "2" },
      require: ["seccomp", "landlock"],
      resources: { pids: 5, memory: "2GiB", cpus: 0.5 },
    });
  });

  it("name one root, whichever of both names the file used", () => {
    expect(mergeFlags({ image: "oci:a" }, { root: "host" })).toEqual({ root: "host" });
    expect(mergeFlags({ root: "host" }, { image: "oci:a" })).toEqual({ image: "oci:a" });
  });

  it("replace the file's mounts at the same path", () => {
    const policy = { files: [{ host: "/a", at: "/data" }, { tmpfs: "/x" }] };
    expect(mergeFlags(policy, { mount: [{ host: "/b", at: "/data", mode: "rw" }] }).files).toEqual([
      { tmpfs: "/x" },
      { host: "/b", at: "/data", mode: "rw" },
    ]);
  });

  it("set a floor instead of a level", () => {
    expect(mergeFlags({ level: "chroot" }, { atLeast: "container" })).toEqual({ level: { min: "container" } });
  });

  it("leave what is no number for the policy's check to name", () => {
    expect(mergeFlags({}, { pids: "many" })).toEqual({ resources: { pids: "many" } });
  });

  it("survive a policy of the wrong shape, which the check refuses later", () => {
    const wrong: object = { files: "x", require: 5, env: null };
    expect(mergeFlags(wrong, { require: ["seccomp"], mount: [{ host: "/a", at: "/b", mode: "ro" }] })).toMatchObject({
      files: "x",
    });
  });
});
