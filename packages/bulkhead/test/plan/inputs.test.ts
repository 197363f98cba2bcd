import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readInside } from "../../src/plan/inputs/read-inside.js";
import { gatherInputs, type InputSources, type OpenedImage } from "../../src/plan/inputs.js";
import { parsePolicy } from "../../src/policy/parse.js";

const top = mkdtempSync(join(tmpdir(), "bulkhead-inputs-"));
const root = join(top, "root");
afterAll(() => rmSync(top, { recursive: true }));

const image: OpenedImage = {
  layers: [root],
  config: { entrypoint: [], cmd: ["/bin/sh"], env: {}, workdir: "/app", user: "web:staff" },
};
const sources: InputSources = { baseRoot: root, openImage: async () => image };

function gather(policy: object, use: InputSources = sources) {
  return gatherInputs(parsePolicy(policy, { directory: top }), use);
}

beforeAll(() => {
  for (const path of ["etc", "proc", "app", "tmp"]) mkdirSync(join(root, path), { recursive: true });
  writeFileSync(
    join(root, "etc/passwd"),
    "root:x:0:0::/:/bin/sh\nweb:x:33:34::/srv:/bin/sh\nevil:x:0x0:1::/:/\nbig:x:70000:1::/:/\n",
  );
  writeFileSync(join(root, "etc/group"), "staff:x:50:\n");
  writeFileSync(join(root, "app/main"), "");
  writeFileSync(join(top, "secret"), "web:x:0:0:::\n");
  symlinkSync("/etc", join(root, "link"));
});

describe("a directory as root", () => {
  it("is described by what it has where things are mounted", async () => {
    const { root: found } = await gather({ root: "./root", workdir: "/app", files: [{ tmpfs: "/link/x" }] });
    expect(found).toMatchObject({
      kind: "directory",
      directory: { path: root, kind: "directory" },
      kindAt: { "/proc": "directory", "/sys": "missing", "/app": "full", "/link/x": "other", "/etc/hosts": "missing" },
    });
  });

  it.each(["/", "/proc", "/dev", "./none", "./secret"])("is never %s", async (path) => {
    await expect(gather({ root: path })).rejects.toMatchObject({ code: "ROOT_INVALID" });
  });

  it("says that set-up is missing when it is Bulkhead's own that is not there", async () => {
    await expect(gather({}, { ...sources, baseRoot: join(top, "none") })).rejects.toMatchObject({
      code: "SETUP_MISSING",
    });
  });
});

describe("users", () => {
  it.each([
    [{ user: "web" }, { uid: 33, gid: 34, name: "web" }],
    [{ user: 33 }, { uid: 33, gid: 33, name: "web" }],
    [{ user: "5:6" }, { uid: 5, gid: 6 }],
    [{}, { uid: 1000, gid: 1000, name: "sandbox" }],
    [
      { root: "host", user: "root" },
      { uid: 0, gid: 0 },
    ],
  ])("of %j are %j", async (policy, user) => {
    expect((await gather(policy)).user).toMatchObject(user);
  });

  it("have numbers that a sandbox has: another is refused with the number, and what to do", async () => {
    await expect(gather({ user: "big" })).rejects.toMatchObject({
      code: "USER_OUT_OF_RANGE",
      detail: "big is 70000",
      remedy: expect.stringContaining("--user"),
    });
  });

  it.each(["nosuch", "evil"])("%s is no user: nothing is guessed, and junk is not 0", async (user) => {
    await expect(gather({ user })).rejects.toMatchObject({ code: "USER_UNKNOWN" });
  });

  it("are an image's where the policy is silent", async () => {
    expect(await gather({ image: "oci:./x" })).toMatchObject({ user: { uid: 33, gid: 50 }, workdir: "/app" });
  });

  it.each(["root", "0", "0:0", ""])("are never root because an image says %j", async (user) => {
    const rooted = { ...sources, openImage: async () => ({ ...image, config: { ...image.config, user } }) };
    expect((await gather({ image: "oci:./x" }, rooted)).user.uid).toBe(1000);
  });

  const asking = (user: string) => ({
    ...sources,
    openImage: async () => ({ ...image, config: { ...image.config, user } }),
  });

  it.each([
    ["web:", { uid: 33, gid: 34 }],
    ["web:7", { uid: 33, gid: 7 }],
    ["33", { uid: 33, gid: 34, name: "web" }],
    ["0033:staff", { uid: 33, gid: 50 }],
    ["77:staff", { uid: 77, gid: 50 }],
    ["77", { uid: 77, gid: 77 }],
    [":staff", { uid: 1000, gid: 50 }],
    ["root:staff", { uid: 1000, gid: 50 }],
    [":0", { uid: 1000, gid: 1000 }],
    ["65534:65534", { uid: 65534, gid: 65534 }],
  ])("of an image that says %j are %j", async (user, expected) => {
    expect((await gather({ image: "oci:./x" }, asking(user))).user).toMatchObject(expected);
  });

  it.each([
    ["65535", "USER_OUT_OF_RANGE"],
    ["100000", "USER_OUT_OF_RANGE"],
    ["2147483647", "USER_OUT_OF_RANGE"],
    ["99999999999999999999", "USER_OUT_OF_RANGE"],
    ["-1", "USER_OUT_OF_RANGE"],
    ["33:100000", "USER_OUT_OF_RANGE"],
    ["big", "USER_OUT_OF_RANGE"],
    [":", "IMAGE_INVALID"],
    ["a:b:c", "IMAGE_INVALID"],
    ["web:staff:", "IMAGE_INVALID"],
    ["nosuch", "USER_UNKNOWN"],
    ["web:nosuch", "USER_UNKNOWN"],
    ["evil", "USER_UNKNOWN"],
    [" web", "USER_UNKNOWN"],
    ["web\n", "USER_UNKNOWN"],
    ["1e3", "USER_UNKNOWN"],
  ])("of an image that says %j are refused: %s", async (user, code) => {
    await expect(gather({ image: "oci:./x" }, asking(user))).rejects.toMatchObject({ code });
  });

  it("are those of the policy, even if the image names others", async () => {
    const { user } = await gather({ image: "oci:./x", user: "5:6" }, asking("100000"));
    expect(user).toMatchObject({ uid: 5, gid: 6 });
  });
});

describe("host files", () => {
  it("are resolved to their canonical path", async () => {
    symlinkSync(root, join(top, "alias"));
    const { files } = await gather({ files: [{ host: "alias/app", at: "/data" }, { tmpfs: "/x" }] });
    expect(files).toEqual([expect.objectContaining({ path: join(root, "app"), kind: "directory" }), null]);
  });

  it.each(["/", "/proc/self", "/sys/kernel", "/dev/null", "/no/such"])("are never %s", async (host) => {
    await expect(gather({ files: [{ host, at: "/data" }] })).rejects.toMatchObject({ code: "FILES_INVALID" });
  });
});

describe("readInside", () => {
  it("reads a regular file of the root", () => {
    expect(readInside(root, "/etc/group")).toBe("staff:x:50:\n");
  });

  it.each([
    ["a link as the file", "/etc/out"],
    ["a link on the way", "/link/passwd"],
    ["a FIFO, without waiting for it", "/etc/fifo"],
    ["a directory", "/etc"],
    ["what is larger than any such file", "/etc/large"],
  ])("gives nothing for %s", (_name, path) => {
    symlinkSync(join(top, "secret"), join(root, "etc/out"));
    execFileSync("mkfifo", [join(root, "etc/fifo")]);
    writeFileSync(join(root, "etc/large"), Buffer.alloc(2 * 1024 * 1024));
    try {
      expect(readInside(root, path)).toBeUndefined();
    } finally {
      for (const name of ["out", "fifo", "large"]) rmSync(join(root, "etc", name));
    }
  });
});

describe("root: host", () => {
  it("shows system directories and nothing that holds secrets", async () => {
    const { root: found } = await gather({ root: "host" });
    if (found.kind !== "host") throw new Error("not a host root");
    const places = [...found.binds, ...found.symlinks].map(({ at }) => at);
    expect(places).toContain("/usr");
    // Of /var only what /usr links into (/var/lib/ghostscript): no directory of a daemon's state as a whole.
    const secret = /^\/(root|home|var(?!\/lib\/)|run|boot|srv|opt)(\/|$)|shadow|sudoers|ssh|private|passwd|\/etc$/;
    expect(places.filter((at) => secret.test(at))).toEqual([]);
  });
});
