import { describe, expect, it } from "vitest";
import { isWithin } from "../../src/policy/paths.js";
import type { Policy } from "../../src/policy/schema.js";
import { hostWith, rootlessHost } from "../support/facts.js";
import { BASE, compiled, directory, ID, inputsWith, mountAt } from "./compile-support.js";

describe("the empty policy", () => {
  it("is a container with everything on", () => {
    const { plan, level } = compiled({});
    expect(level).toBe("container");
    expect(plan).toMatchObject({
      version: 1,
      id: ID,
      level: "container",
      namespaces: ["mount", "pid", "ipc", "net", "user", "uts", "cgroup"],
      user: { uid: 1000, gid: 1000, groups: [] },
      root: { readOnly: true, overlay: null, source: { kind: "directory", path: "/opt/bulkhead/base", owner: null } },
      cgroup: { version: 2, controllers: ["memory", "pids", "cpu"] },
      seccomp: { profile: "default", denySetid: false, unixSocketsOnly: false },
      landlock: { abi: 6, writable: ["/tmp", "/work", "/dev/shm"] },
      capabilities: [],
      apparmor: null,
      limits: { addressSpaceBytes: null, processes: null },
    });
  });

  it("gives a writable /tmp and working directory, of the user's", () => {
    const result = compiled({});
    expect(mountAt(result, "/tmp")).toMatchObject({ kind: "tmpfs", mode: 0o1777, sizeBytes: 268_435_456 });
    expect(mountAt(result, "/work")).toMatchObject({ kind: "tmpfs", uid: 1000, gid: 1000 });
    expect(result.workload).toMatchObject({ cwd: "/work", argv: [], timeMs: undefined, outputBytes: 10_485_760 });
  });

  it("has nothing of this process's environment", () => {
    expect(Object.keys(compiled({}).workload.env).sort()).toEqual(["HOME", "LANG", "LOGNAME", "PATH", "USER"]);
  });

  it("is the same plan each time: the compiler is pure", () => {
    expect(compiled({})).toEqual(compiled({}));
  });
});

describe("mounts", () => {
  it("come parents first, in any order of the policy", () => {
    const files = [{ tmpfs: "/work/a/b" }, { tmpfs: "/data" }, { tmpfs: "/work/a" }];
    const places = compiled({ files }, { inputs: inputsWith({ files: [null, null, null] }) }).plan.mounts.map(
      ({ at }) => at,
    );
    places.forEach((at, index) => {
      expect(places.slice(index + 1).filter((later) => later !== at && isWithin(at, later))).toEqual([]);
    });
  });

  it("need a layer over the root where their place is missing", () => {
    const inputs = inputsWith({ files: [null], root: { ...BASE, kindAt: { ...BASE.kindAt, "/data": "missing" } } });
    expect(compiled({ files: [{ tmpfs: "/data" }] }, { inputs }).plan.root).toMatchObject({
      readOnly: true,
      overlay: {},
    });
  });

  it("leave a working directory alone that holds something", () => {
    const inputs = inputsWith({ workdir: "/app", root: { ...BASE, kindAt: { ...BASE.kindAt, "/app": "full" } } });
    expect(mountAt(compiled({ workdir: "/app" }, { inputs }), "/app")).toBeUndefined();
  });

  it("never put a file system on /proc, though it be the working directory", () => {
    const result = compiled({ workdir: "/proc" }, { inputs: inputsWith({ workdir: "/proc" }) });
    expect(result.plan.mounts.filter(({ at }) => at === "/proc")).toEqual([
      { kind: "proc", at: "/proc", writable: false },
    ]);
  });

  it("have addresses for names only with a network", () => {
    expect(compiled({}).plan.reservedAddresses).toBe(false);
    expect(compiled({ network: "none" }).plan.reservedAddresses).toBe(false);
    expect(compiled({ network: { allow: [] } }).plan.reservedAddresses).toBe(true);
    expect(compiled({ network: "full" }).plan.reservedAddresses).toBe(true);
  });

  it("cover the root's own network files, and make no others", () => {
    const result = compiled({ hostname: "box" });
    expect(mountAt(result, "/etc/hosts")).toMatchObject({ kind: "file", content: expect.stringContaining("box") });
    expect(mountAt(result, "/etc/resolv.conf")).toBeUndefined();
  });
});

describe("read-only host paths", () => {
  const policy = { files: [{ host: "/srv/in", at: "/in" }] };

  const ownerOf = (path: string, uid: number, host = hostWith(), gid = uid) => {
    const found = mountAt(
      compiled(policy, { host, inputs: inputsWith({ files: [directory(path, uid, gid)] }) }),
      "/in",
    );
    return found?.kind === "bind" ? found.owner : undefined;
  };

  it("belong to the workload's user where their owner is the caller, or the caller is root", () => {
    const lent = { uid: 1000, gid: 1000, optional: true };
    for (const path of ["/srv2/in", "/home/me", "/root/project", "/project", "/tmp/x", "/usr/src/app", "/var/tmp/x"]) {
      expect(ownerOf(path, 0), path).toEqual({ hostUid: 0, hostGid: 0, ...lent });
    }
    expect(ownerOf("/home/me", 4321)).toEqual({ hostUid: 4321, hostGid: 4321, ...lent });
    expect(ownerOf("/home/me", 4321, hostWith(), 0)).toEqual({ hostUid: 4321, hostGid: 4321, ...lent });
    const me = hostWith({ callerUid: 1000, callerGid: 100 });
    expect(ownerOf("/home/me", 1000, me)).toEqual({ hostUid: 1000, hostGid: 100, ...lent });
    expect(ownerOf("/etc/mine", 1000, me), "what is the caller's own is").toMatchObject(lent);
    expect(ownerOf("/home/you", 1001, me)).toBeNull();
    expect(ownerOf("/home/me", 1000, rootlessHost()), "without root the caller is the user").toBeNull();
  });

  it.each([
    "/etc",
    "/etc/ssh",
    "/usr/lib/x",
    "/var/lib/x",
    "/srv/in",
    "/opt/x",
    "/run/x",
    "/home",
    "/root",
    "/mnt",
    "/tmp",
  ])("show only the world-readable part of %s, for any owner: root lends none of the system's rights", (path) => {
    expect(ownerOf(path, 0)).toBeNull();
    expect(ownerOf(path, 33)).toBeNull();
  });

  it("stay unmapped where ids cannot be mapped, unless they are closed to others", () => {
    const why = "overlayfs cannot on any kernel";
    const open = { ...directory("/data", 4321), notMapped: why };
    const at = (file: typeof open) => mountAt(compiled(policy, { inputs: inputsWith({ files: [file] }) }), "/in");
    expect(at(open)).toMatchObject({ owner: null });
    const refused = expect.objectContaining({ code: "MOUNT_IDMAP_UNSUPPORTED", detail: why });
    expect(() => at({ ...open, openToAll: false })).toThrow(refused);
    const rw = { files: [{ host: "/data", at: "/in", mode: "rw" as const }] };
    expect(() => compiled(rw, { inputs: inputsWith({ files: [open] }) })).toThrow(refused);
    // A virtual machine gets an image, which needs no mapping where the broker is not root.
    const host = { ...hostWith({ callerUid: 4321, callerGid: 4321 }), privileged: false };
    expect(compiled(rw, { host, inputs: inputsWith({ files: [open] }) }).plan.mounts).toContainEqual(
      expect.objectContaining({ at: "/in", owner: expect.objectContaining({ hostUid: 4321 }) }),
    );
  });

  it("that are closed to others are lent by their owner", () => {
    const inputs = inputsWith({ files: [directory("/srv/in", 0, 0, false)] });
    expect(mountAt(compiled(policy, { inputs }), "/in")).toMatchObject({ owner: { hostUid: 0, uid: 1000 } });
  });

  it("are never lent by a caller who does not own them", () => {
    const inputs = inputsWith({ files: [directory("/srv/in", 0, 0, false)] });
    const host = hostWith({ callerUid: 1000, callerGid: 1000 });
    expect(mountAt(compiled(policy, { host, inputs }), "/in")).toMatchObject({ owner: null });
  });
});

describe("root: host", () => {
  const root = {
    kind: "host",
    binds: [
      { source: "/usr", at: "/usr" },
      { source: "/etc/ssl/certs", at: "/etc/ssl/certs" },
    ],
    bundles: ["/etc/ssl/certs/ca-certificates.crt"],
    symlinks: [{ at: "/bin", target: "usr/bin" }],
  } as const;

  it.each<[string, Policy, boolean]>([
    ["a secret", { secrets: { KEY: { hosts: ["api.example.org"], value: "long enough" } } }, true],
    ["a path", { network: { allow: ["https://api.example.org/v1/"] } }, true],
    ["neither", {}, false],
  ])("covers the bundle of authorities where TLS ends on the host for %s: %s", (_what, policy, covered) => {
    const network = { allow: ["api.example.org"] };
    const result = compiled({ root: "host", network, ...policy }, { inputs: inputsWith({ root }) });
    const cover = result.plan.mounts.find(({ at }) => at === "/etc/ssl/certs/ca-certificates.crt");
    expect(cover).toEqual(
      covered ? { kind: "file", at: "/etc/ssl/certs/ca-certificates.crt", content: "" } : undefined,
    );
    expect(result.caBundles.slots).toEqual(covered ? ["/etc/ssl/certs/ca-certificates.crt"] : []);
  });

  it("is an empty root with read-only binds and accounts of its own", () => {
    const result = compiled({ root: "host" }, { inputs: inputsWith({ root }) });
    expect(result.plan.root).toMatchObject({ source: { kind: "empty" }, readOnly: true, overlay: null });
    expect(mountAt(result, "/usr")).toMatchObject({ kind: "bind", readOnly: true });
    expect(mountAt(result, "/bin")).toEqual({ kind: "symlink", at: "/bin", target: "usr/bin" });
    const own = { name: "sandbox", uid: 1000, gid: 1000, home: "/work" };
    expect(mountAt(result, "/etc/passwd")).toMatchObject({
      accounts: expect.arrayContaining([expect.objectContaining(own)]),
    });
  });
});

describe("a writable root", () => {
  it("is a layer in memory, and said to be weaker", () => {
    const { plan, enforcement } = compiled({ writable: true });
    expect(plan.root).toMatchObject({ readOnly: false, overlay: { sizeBytes: 268_435_456 } });
    expect(plan.landlock?.writable).toContain("/");
    expect(enforcement.protections.find(({ protection }) => protection === "read-only-root")?.status).toBe("weaker");
  });
});

describe("level chroot", () => {
  it("does without the namespaces that hosts forbid, as root", () => {
    expect(compiled({ level: "chroot" }).plan.namespaces).toEqual(["mount", "pid", "ipc", "net", "cgroup"]);
  });

  it("needs a user namespace without root", () => {
    expect(compiled({ level: "chroot" }, { host: rootlessHost() }).plan.namespaces).toContain("user");
  });
});

describe("a host without cgroups", () => {
  it("gets rlimits in their place", () => {
    const { plan } = compiled({ resources: { memory: "1GiB" } }, { host: rootlessHost() });
    expect(plan.cgroup).toEqual({ version: 0, controllers: [] });
    expect(plan.limits).toMatchObject({ processes: 512, addressSpaceBytes: expect.any(Number) });
  });
});

describe("a host without net namespaces", () => {
  it("gets no sockets but AF_UNIX", () => {
    const { plan } = compiled({}, { host: hostWith({ namespaces: ["mnt", "pid", "ipc", "user", "uts"] }) });
    expect(plan.namespaces).not.toContain("net");
    expect(plan.seccomp.unixSocketsOnly).toBe(true);
  });
});

describe("an image", () => {
  it("adds its environment below the policy's, and its command", () => {
    const image = { entrypoint: ["/run"], cmd: ["a"], env: { A: "image", B: "image" }, notes: [] };
    const { workload } = compiled({ env: { B: "policy" } }, { inputs: inputsWith({ image }) });
    expect(workload.argv).toEqual(["/run", "a"]);
    expect(workload.env).toMatchObject({ A: "image", B: "policy" });
  });
});
