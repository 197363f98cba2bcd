import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findTools } from "../../src/host/examine/tools.js";
import { programPaths, toolsDirectory } from "../../src/host/programs.js";

let directory: string;
let env: NodeJS.ProcessEnv;
const at = (...parts: readonly string[]) => join(directory, ...parts);

async function program(path: string, says: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\necho ${says}\n`);
  await chmod(path, 0o755);
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-programs-"));
  env = { PATH: `relative:${at("one")}:${at("two")}`, XDG_DATA_HOME: at("data") };
  for (const each of ["one", "two", "data/bulkhead/tools"]) await mkdir(at(each), { recursive: true });
  await program(at("one", "runsc"), "of the PATH");
  await program(at("two", "runsc"), "of the PATH, later");
  await program(at("data", "bulkhead", "tools", "runsc"), "built by set-up");
  await writeFile(at("one", "firecracker"), "not executable");
  await mkdir(at("two", "firecracker"));
});
afterAll(() => rm(directory, { recursive: true }));

describe("where programs are looked for", () => {
  it("what set-up built comes before the PATH, in its order", () => {
    expect(programPaths("runsc", env)).toEqual([at("data/bulkhead/tools/runsc"), at("one/runsc"), at("two/runsc")]);
  });

  it("the one that is named is the only one, there or not", () => {
    expect(programPaths("runsc", { ...env, BULKHEAD_RUNSC: "/not/there" })).toEqual(["/not/there"]);
    expect(programPaths("runsc", { ...env, BULKHEAD_RUNSC: "" })).toHaveLength(3);
  });

  it("files that cannot be executed and directories are no programs", () => {
    expect(programPaths("firecracker", env)).toEqual([]);
  });

  it("a data directory that is not absolute is not taken", () => {
    expect(toolsDirectory({ XDG_DATA_HOME: "here" })).toMatch(/^\/.*\/bulkhead\/tools$/);
  });

  it("the report names the program in use and the version that it prints", async () => {
    const [runsc] = await findTools(env);
    expect(runsc).toMatchObject({ path: at("data/bulkhead/tools/runsc"), version: "built by set-up" });
  });

  it.each(["not/there", "one/firecracker", "two/firecracker"])(
    "the report does not call found what a variable names and is no program: %s",
    async (path) => {
      const tools = await findTools({ ...env, BULKHEAD_RUNSC: at(path) });
      const runsc = tools.find(({ name }) => name === "runsc");
      expect(runsc).toMatchObject({ path: null, version: null });
      expect(runsc?.remedy).toContain(`BULKHEAD_RUNSC names ${JSON.stringify(at(path))}`);
    },
  );
});
