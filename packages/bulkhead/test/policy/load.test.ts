import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
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
    await expect(loadPolicy(path)).rejects.toMatchObject({ code: "POLICY_UNREADABLE" });
  });

  it("does not wait for a pipe without a writer, and reads one that has a writer", async () => {
    const pipe = join(directory, "pipe");
    execFileSync("mkfifo", [pipe]);
    await expect(loadPolicy(pipe)).rejects.toMatchObject({
      code: "POLICY_UNREADABLE",
      detail: expect.stringContaining("nobody writes"),
    });
    const writer = spawn("sh", ["-c", `exec >"${pipe}"; sleep 0.3; echo "level: chroot"`]);
    const exited = once(writer, "exit");
    expect(await loadPolicy(pipe)).toEqual({ level: "chroot" });
    await exited;
  });

  it.each(["null", "[1]", "3", '"text"'])("refuses the document %s, which has no fields", async (text) => {
    for (const name of ["odd.json", "odd.yaml"]) {
      if (text === "null" && name === "odd.yaml") continue;
      await expect(loadPolicy(written(name, text))).rejects.toMatchObject({ code: "POLICY_INVALID" });
    }
  });
});

describe("parsePolicyText", () => {
  it.each([
    ["a field given twice", "user: 1\nuser: 2\n", "policy.yaml", /line 2, column 1/],
    ["aliases, which can expand without end", "a: &a [x]\nb: [*a, *a]\n", "policy.yaml", /./],
    ["what is not YAML", "a: [\n", "policy.yaml", /line 2, column 1/],
    ["what is not JSON", '{"a": 1,\n "b" 2}', "policy.json", /line 2,? column 6/],
    ["JSON that ends too soon", '{"a": 1,\n', "policy.json", /line 2,? column 1/],
  ])("refuses %s, and says where", async (_name, text, path, place) => {
    await expect(parsePolicyText(text, path)).rejects.toMatchObject({
      code: "POLICY_SYNTAX",
      detail: expect.stringMatching(place),
    });
  });
});
