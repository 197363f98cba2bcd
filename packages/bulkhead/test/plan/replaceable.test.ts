import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { gatherInputs } from "../../src/plan/inputs.js";
import { parsePolicy } from "../../src/policy/parse.js";

describe("a host path below a writable mount of the same policy", () => {
  let directory = "";
  beforeEach(() => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), "bulkhead-replaced-")));
    for (const name of ["data/sub/deep", "outside/deep", "root/etc"]) {
      mkdirSync(join(directory, name), { recursive: true });
    }
    symlinkSync("data", join(directory, "alias"));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const gather = async (below: string, root = "host") => {
    const files = [
      { host: join(directory, "data"), at: "/data", mode: "rw" as const },
      ...(below === "" ? [] : [{ host: join(directory, below), at: "/below" }]),
    ];
    const sources = { baseRoot: "/nowhere", openImage: () => Promise.reject(new Error("no image")) };
    const inputs = await gatherInputs(parsePolicy({ root, files }), sources);
    return inputs.files.map((file) => file?.path.slice(directory.length + 1));
  };
  const replace = (name: string, target: string) => {
    renameSync(join(directory, name), join(directory, "old"));
    symlinkSync(target, join(directory, name));
  };

  it.each(["data/sub", "data/sub/deep", "alias/sub", "alias/sub/deep"])("is itself, or refused: %s", async (below) => {
    expect(await gather(below)).toEqual(["data", below.replace("alias", "data")]);
    replace("data/sub", join(directory, "outside"));
    const refused = { code: "MOUNT_SOURCE_LINK", path: join(directory, below) };
    await expect(gather(below)).rejects.toMatchObject(refused);
  });

  it("must not be the root either", async () => {
    mkdirSync(join(directory, "data/root/etc"), { recursive: true });
    await gather("", join(directory, "data/root"));
    replace("data/root", join(directory, "root"));
    await expect(gather("", join(directory, "data/root"))).rejects.toMatchObject({ code: "MOUNT_SOURCE_LINK" });
  });

  it("may be behind links that no sandbox writes", async () => {
    symlinkSync("outside", join(directory, "link"));
    expect(await gather("link/deep")).toEqual(["data", "outside/deep"]);
    expect(await gather("alias")).toEqual(["data", "data"]);
  });
});
