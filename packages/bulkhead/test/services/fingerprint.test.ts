import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseService } from "../../src/services/file/load.js";
import { fingerprintOf } from "../../src/services/running/fingerprint.js";

describe("what a component sees beside its specification", () => {
  let directory = "";
  beforeAll(() => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), "bulkhead-prints-")));
    for (const name of ["data", "root", "many"]) mkdirSync(join(directory, name));
    for (const name of ["data/x", "root/x", "key-1", "key-2"]) writeFileSync(join(directory, name), name);
    writeFileSync(join(directory, "profile.json"), '{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[]}');
    symlinkSync("key-1", join(directory, "key"));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  const print = async (fields: string) => {
    const { components } = await parseService(
      `name: x\ncomponents: { a: { command: [a], ${fields} } }`,
      "x",
      directory,
    );
    const [component] = components;
    if (component === undefined) throw new Error("none");
    return (await fingerprintOf(component, {})).files;
  };
  const touch = (name: string) => utimesSync(join(directory, name), new Date(), new Date(Math.random() * 1e12));

  it.each<readonly [string, string, () => void]>([
    ["a read-only mount", "root: host, files: [{ host: ./data, at: /data }]", () => touch("data/x")],
    ["a directory that is the root", "root: ./root", () => touch("root/x")],
    ["a profile", "root: host, syscalls: { profile: ./profile.json }", () => touch("profile.json")],
    [
      "a secret for requests",
      "root: host, network: { allow: [a.example] }, secrets: { K: { file: ./key-1, hosts: [a.example] } }",
      () => touch("key-1"),
    ],
    ["a secret behind a link", "root: host, secrets: { K: { file: ./key } }", () => touch("key-1")],
    [
      "the link of a secret",
      "root: host, secrets: { K: { file: ./key } }",
      () => {
        symlinkSync("key-2", join(directory, "key.new"));
        renameSync(join(directory, "key.new"), join(directory, "key"));
      },
    ],
    [
      "a name that is no UTF-8",
      "root: host, files: [{ host: ./data, at: /data }]",
      () => {
        writeFileSync(Buffer.concat([Buffer.from(`${directory}/data/`), Buffer.of(0xff)]), "x");
      },
    ],
  ])("changes with %s", async (_name, fields, change) => {
    const before = await print(fields);
    expect(await print(fields)).toBe(before);
    change();
    expect(await print(fields)).not.toBe(before);
  });

  it("is not compared where it would take too long", async () => {
    for (let file = 0; file < 20_001; file++) writeFileSync(join(directory, "many", String(file)), "");
    expect(await print("root: host, files: [{ host: ./many, at: /data }]")).toBeNull();
  });
});
