import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { loadPolicy, parsePolicyText } from "../../src/policy/load.js";

const directory = mkdtempSync(join(tmpdir(), "bulkhead-policy-"));
afterAll(() => rmSync(directory, { recursive: true }));

function written(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

describe("loadPolicy", () => {
  it("takes YAML, and paths relative to the file", async () => {
    const path = written(
      "p.yaml",
      "root: ./fs\nfiles:\n  - { host: data, at: /data }\n  - { tmpfs: /work, size: 1MiB }\n",
    );
    expect(await loadPolicy(path)).toEqual({
      root: join(directory, "fs"),
      files: [
        { host: join(directory, "data"), at: "/data" },
        { tmpfs: "/work", size: "1MiB" },
      ],
    });
  });

  it("takes JSON", async () => {
    expect(await loadPolicy(written("p.json", '{"image":"oci:./l:1"}'))).toEqual({
      image: `oci:${join(directory, "l:1")}`,
    });
  });

  it("takes an empty file for the empty policy", async () => {
    expect(await loadPolicy(written("empty.yaml", "# nothing\n"))).toEqual({});
  });

  it.each([
    ["a missing file", join(directory, "none.yaml")],
    ["a directory", directory],
    ["an endless file", "/dev/zero"],
  ])("refuses %s", async (_name, path) => {
    await expect(loadPolicy(path)).rejects.toMatchObject({ code: "POLICY_INVALID" });
  });
});

describe("parsePolicyText", () => {
  it.each([
    ["a field given twice", "user: 1\nuser: 2\n"],
    ["aliases, which can expand without end", "a: &a [x]\nb: [*a, *a]\n"],
    ["what is not YAML", "a: [\n"],
  ])("refuses %s", async (_name, text) => {
    await expect(parsePolicyText(text)).rejects.toMatchObject({ code: "POLICY_INVALID" });
  });
});
