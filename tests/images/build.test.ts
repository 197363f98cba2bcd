import { type Level, run } from "bulkhead";
import { images } from "bulkhead/images";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { canBuildDebian, DEBIAN_IMAGE_MS, debianImage, hasMmdebstrap } from "../support/debian-image.js";
import { forEachLevel, isRequired } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";

let directory: TemporaryDirectory;

beforeAll(async () => {
  directory = await TemporaryDirectory.create("build");
  process.env["BULKHEAD_STORE"] = directory.join("store");
});
afterAll(async () => {
  delete process.env["BULKHEAD_STORE"];
  await directory[Symbol.asyncDispose]();
});

test.runIf(!hasMmdebstrap && isRequired("mmdebstrap"))("mmdebstrap is required here", () => {
  throw new Error("install it: apt-get install mmdebstrap");
});

describe("an image of the built-in root", () => {
  it("is the same each time, and is run by its name", async () => {
    const { digest } = await images.build("localhost/base:test");
    expect(await images.build("localhost/base:again", { store: directory.join("other") })).toEqual({ digest });
    const shown = await run(["busybox", "echo", "hi"], { image: "localhost/base:test" }, { images: { pull: "never" } });
    expect(shown).toMatchObject({ exitCode: 0, stdout: "hi\n" });
  });

  it.each([
    ["localhost/base@sha256:".concat("0".repeat(64)), {}, "IMAGE_NAME_INVALID"],
    ["localhost/x", { packages: ["--hook=id"] }, "IMAGE_BUILD_FAILED"],
    ["localhost/x", { packages: ["bash,dash"] }, "IMAGE_BUILD_FAILED"],
    ["localhost/x", { packages: ["bash"], suite: "-s" }, "IMAGE_BUILD_FAILED"],
    ["localhost/x", { packages: ["bash"], mirror: "/etc/passwd" }, "IMAGE_BUILD_FAILED"],
    ["localhost/x", { suite: "sid" }, "IMAGE_BUILD_FAILED"],
  ])("%s %j is refused", async (name, options, code) => {
    await expect(images.build(name, options)).rejects.toMatchObject({ code });
  });
});

describe.runIf(canBuildDebian)("an image of Debian's packages", async () => {
  let image = "";
  let steps: readonly string[] = [];
  const before = process.env["BULKHEAD_STORE"];

  beforeAll(async () => {
    const built = await debianImage();
    ({ name: image, steps } = built);
    process.env["BULKHEAD_STORE"] = built.store;
  }, DEBIAN_IMAGE_MS);
  afterAll(() => {
    process.env["BULKHEAD_STORE"] = before;
  });

  it("tells how far it is", () => {
    expect(steps.length).toBeGreaterThan(3);
  });

  await forEachLevel((level: Level) => {
    it("runs its Python as one of its own users", async () => {
      const program = "import os, pwd; print(pwd.getpwuid(os.getuid()).pw_name, 6 * 7, os.getcwd())";
      const shown = await run(["python3", "-c", program], { image, level, user: "www-data" });
      expect(shown).toMatchObject({ exitCode: 0, stdout: "www-data 42 /\n" });
      expect(await run(["id", "-un"], { image, level, user: "www-data" })).toMatchObject({ stdout: "www-data\n" });
    });
  });
});
