import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { helpTexts } from "../src/help-texts.js";
import { builtText } from "../src/start/built-text.js";
import { isOurs, ownDirectory } from "../src/start/kept-code.js";

const dist = fileURLToPath(new URL("../dist", import.meta.url));
const launcher = join(dist, "bulkhead.cjs");
const built = existsSync(launcher);
const directory = mkdtempSync(join(tmpdir(), "bulkhead-start-"));
afterAll(() => rmSync(directory, { recursive: true }));

function run(program: string, argv: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const options = { encoding: "utf8", input: "", env: { ...process.env, ...env } } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(dist, program), ...argv], options);
  return { status, stdout, stderr };
}

describe.skipIf(!built)("texts that the build keeps", () => {
  it("are the help of the sources", () => {
    expect(JSON.parse(readFileSync(join(dist, "help.json"), "utf8"))).toEqual(helpTexts());
  });

  it.each([
    [["--help"]],
    [["-h"]],
    [["help"]],
    [["version"]],
    [["--version"]],
    [["-V"]],
    [["run", "--help"]],
    [["help", "run"]],
    [["images", "pull", "-h"]],
    [["help", "images"]],
  ])("are what the whole command line prints: %j", (argv) => {
    const whole = run("main.js", argv);
    expect(run("bulkhead.cjs", argv)).toEqual(whole);
    expect({ status: whole.status, stderr: whole.stderr }).toEqual({ status: 0, stderr: "" });
    expect(builtText(argv, dist)).toBe(whole.stdout);
  });

  it.each([
    [["version", "--json"]],
    [["help", "rnu"]],
    [["rnu", "--help"]],
    [["run", "--", "ls", "--help"]],
    [["toString", "--help"]],
    [["--version", "extra"]],
    [[]],
  ])("are not taken for anything else: %j", (argv) => {
    expect(builtText(argv, dist)).toBeUndefined();
  });

  it.each(["version", "--help", "images pull --help"])("end with 125 when nothing can be written: %s", (words) => {
    const argv = ["-c", `exec "$0" "$1" ${words} > /dev/full`, process.execPath, launcher];
    const { status, stderr } = spawnSync("sh", argv, { encoding: "utf8" });
    expect({ status, stderr }).toMatchObject({ status: 125, stderr: expect.stringContaining("ENOSPC") });
  });

  it("end well when the reader has enough", () => {
    const argv = ["-o", "pipefail", "-c", '"$0" "$1" --help | true', process.execPath, launcher];
    expect(spawnSync("bash", argv, { encoding: "utf8" })).toMatchObject({ status: 0, stderr: "" });
  });
});

describe("code that V8 made, of this user's own", () => {
  const withCache = (path: string) => {
    const before = process.env["XDG_CACHE_HOME"];
    process.env["XDG_CACHE_HOME"] = path;
    const found = ownDirectory();
    if (before === undefined) delete process.env["XDG_CACHE_HOME"];
    else process.env["XDG_CACHE_HOME"] = before;
    return found;
  };

  it("is below a directory that only this user can write to", () => {
    const path = join(directory, "private");
    expect(withCache(path)).toBe(join(realpathSync(path), "bulkhead", "code"));
    expect(isOurs(join(path, "bulkhead", "code"))).toBe(true);
  });

  it.each(["", "bulkhead", "bulkhead/code"])("is not read from where another may write: %j", (open) => {
    const path = mkdtempSync(join(directory, "open-"));
    mkdirSync(join(path, "bulkhead", "code"), { recursive: true });
    chmodSync(join(path, open), 0o777);
    expect(withCache(path)).toBeUndefined();
  });

  it("is not read from a file that another may write to", () => {
    const path = join(directory, "file");
    writeFileSync(path, "");
    chmodSync(path, 0o666);
    expect(isOurs(path)).toBe(false);
  });

  it.skipIf(process.getuid?.() !== 0)("is not read from another user's directory", () => {
    const path = mkdtempSync(join(directory, "other-"));
    spawnSync("chown", ["65534:65534", path]);
    expect(withCache(path)).toBeUndefined();
  });

  it.skipIf(!built)("is made by the first run of a Node that the build did not know, and taken by the next", () => {
    // A copy without the build's own code: as another version of Node finds it.
    const copy = mkdtempSync(join(directory, "copy-"));
    const packages = join(copy, "packages");
    mkdirSync(packages);
    const library = fileURLToPath(new URL("../../bulkhead", import.meta.url));
    spawnSync("cp", ["-r", fileURLToPath(new URL("..", import.meta.url)), join(packages, "cli")]);
    spawnSync("ln", ["-s", library, join(packages, "bulkhead")]);
    const of = join(packages, "cli", "dist");
    for (const name of readdirSync(of)) if (name.endsWith(".cache")) rmSync(join(of, name));
    const cache = join(directory, "made");
    const once = () => {
      const argv = [join(of, "bulkhead.cjs"), "run", "--levle", "x"];
      return spawnSync(process.execPath, argv, { encoding: "utf8", env: { ...process.env, XDG_CACHE_HOME: cache } });
    };
    const first = once();
    const kept = join(cache, "bulkhead", "code");
    const names = readdirSync(kept);
    expect(names).toEqual([expect.stringMatching(/^run-\w+\.v\d+\.\d+\.\d+-\w+\.cache$/)]);
    const code = readFileSync(join(kept, names[0] ?? ""));
    expect(code.length).toBeGreaterThan(10_000);
    expect(once()).toMatchObject({ status: first.status, stderr: first.stderr, stdout: first.stdout });
    // One that was taken is not made again.
    expect(readFileSync(join(kept, names[0] ?? "")).equals(code)).toBe(true);
    // What is damaged is not taken, and made anew.
    writeFileSync(join(kept, names[0] ?? ""), Buffer.alloc(1000, 7));
    expect(once()).toMatchObject({ status: first.status, stderr: first.stderr });
    expect(readFileSync(join(kept, names[0] ?? "")).length).toBeGreaterThan(10_000);
  });
});
