import { describe, expect, it } from "vitest";
import { BulkheadError } from "../../src/errors/bulkhead-error.js";
import { parsePolicy } from "../../src/policy/parse.js";

/** The error that `policy` is refused with. */
function refusal(policy: unknown): BulkheadError {
  try {
    parsePolicy(policy, { directory: "/home/me" });
  } catch (error) {
    if (error instanceof BulkheadError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

describe("an empty policy", () => {
  it("is a policy, with the safe defaults", () => {
    expect(parsePolicy({})).toMatchObject({
      root: { kind: "base" },
      writableRoot: false,
      level: { exact: null, min: null },
      user: { kind: "default" },
      capabilities: [],
      env: {},
      files: [],
      resources: { memoryBytes: 536_870_912, pids: 512, milliCpus: 1000, openFiles: 1024, outputBytes: 10_485_760 },
    });
  });
});

describe("a full policy", () => {
  it("comes out in numbers and absolute paths", () => {
    const policy = {
      root: "./rootfs",
      level: { min: "container" },
      user: "33:34",
      workdir: "/srv/",
      env: { PORT: 8080 },
      files: [
        { host: "data", at: "/data" },
        { host: "/srv/out", at: "/out", mode: "rw", exec: false },
        { tmpfs: "/work", size: "64MiB" },
      ],
      network: "none",
      syscalls: "default",
      capabilities: ["CAP_CHOWN", "chown", "KILL"],
      resources: { memory: "1GiB", cpus: 0.5, time: "none" },
      require: ["seccomp", "cgroup.memory"],
    };
    expect(parsePolicy(policy, { directory: "/home/me" })).toMatchObject({
      root: { kind: "directory", path: "/home/me/rootfs" },
      level: { exact: null, min: "container" },
      user: { kind: "ids", uid: 33, gid: 34 },
      workdir: "/srv",
      env: { PORT: "8080" },
      files: [
        { kind: "host", source: "/home/me/data", at: "/data", writable: false, exec: true },
        { kind: "host", source: "/srv/out", at: "/out", writable: true, exec: false },
        { kind: "tmpfs", at: "/work", sizeBytes: 67_108_864, exec: true },
      ],
      capabilities: ["CHOWN", "KILL"],
      resources: { memoryBytes: 1_073_741_824, milliCpus: 500, timeMs: null },
      require: ["seccomp", "cgroup.memory"],
    });
  });

  it("leaves the name of an image as it is", () => {
    expect(parsePolicy({ image: "python:3.13-slim" }).root).toEqual({ kind: "image", source: "python:3.13-slim" });
  });

  it("names an image by an absolute path", () => {
    const { root } = parsePolicy({ image: "oci:./layout:1.0" }, { directory: "/home/me" });
    expect(root).toEqual({ kind: "image", source: "oci:/home/me/layout:1.0" });
  });
});

describe("an invalid policy", () => {
  it("is refused with every problem at once, each with its path", () => {
    const error = refusal({
      foo: 1,
      user: 70_000,
      files: [{ host: "a", at: "/b", moed: "rw" }],
      resources: { pids: 1 },
    });
    expect(error.code).toBe("POLICY_INVALID");
    expect(error.detail?.split("\n").sort()).toEqual([
      "files[0].moed: no such field (did you mean mode?)",
      "foo: no such field",
      "resources.pids: must be a whole number from 2 to 4194304",
      "user: must be a whole number from 0 to 65534",
    ]);
  });

  it.each([
    ["a document that is no object", 7],
    ["a level that does not exist", { level: "none" }],
    ["a level below what the trust needs", { level: "container", trust: "hostile" }],
    ["capabilities at chroot", { level: "chroot", capabilities: ["CHOWN"] }],
    ["a mistyped root", { root: "bsae" }],
    ["root and image together", { root: "base", image: "oci:x" }],
    ["a mount on /", { files: [{ tmpfs: "/" }] }],
    ["a mount on /proc", { files: [{ host: "a", at: "/proc" }] }],
    ["a mount on /dev", { files: [{ tmpfs: "/dev" }] }],
    ["a mount below /dev", { files: [{ tmpfs: "/dev/mqueue" }] }],
    ["a host directory at /dev/shm", { files: [{ host: "a", at: "/dev/shm" }] }],
    ["an executable /dev/shm", { files: [{ tmpfs: "/dev/shm", exec: true }] }],
    ["a mount below /dev/shm", { files: [{ tmpfs: "/dev/shm/a" }] }],
    ["a tmpfs of less than a page", { files: [{ tmpfs: "/a", size: 4095 }] }],
    ["a tmpfs beyond any machine", { files: [{ tmpfs: "/a", size: "17TiB" }] }],
    ["a mount that climbs", { files: [{ tmpfs: "/a/../proc" }] }],
    ["two mounts on one place", { files: [{ tmpfs: "/a" }, { tmpfs: "/a/" }] }],
    ["a relative workdir", { workdir: "work" }],
    ["NUL in a path", { files: [{ host: "a\0b", at: "/a" }] }],
    ["NUL in an environment", { env: { A: "a\0b" } }],
    ["a name with = in it", { env: { "A=B": "c" } }],
    ["a uid that nothing inside can have", { user: "65535:1" }],
    ["root's other name", { user: "+0" }],
    ["no memory", { resources: { memory: 1 } }],
    ["a time without a unit", { resources: { time: "30" } }],
    ["an unknown protection", { require: ["magic"] }],
    ["an unknown capability", { capabilities: ["ALL"] }],
    ["a host name with a newline", { hostname: "a\nb" }],
  ])("%s is refused", (_name, policy) => {
    expect(refusal(policy).code).toBe("POLICY_INVALID");
  });
});
