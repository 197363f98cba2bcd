/** However a command ends: with a code on stderr, and with `--json` as JSON on stdout. */

import { execFile, execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeProgram } from "../src/program.js";

const bundle = fileURLToPath(new URL("../dist/bulkhead.cjs", import.meta.url));
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-endings-"));
  await writeFile(join(directory, "empty"), "");
  await writeFile(join(directory, "binary"), Buffer.from([0xff, 0xfe, 0, 0x3a, 0x20, 0xc3, 0x28, 1]));
  await writeFile(join(directory, "huge"), Buffer.alloc(3 << 20, "a"));
  await writeFile(join(directory, "text"), "just text\n");
  await writeFile(join(directory, "list.json"), "[1, 2]");
  await mkdir(join(directory, "directory"));
  execFileSync("mkfifo", [join(directory, "fifo")]);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function bulkhead(...argv: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [bundle, ...argv], { cwd: directory }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : -1, stdout, stderr }),
    );
    child.stdin?.end();
  });
}

/** Each command that does something, by the words that name it. */
function leaves(command: Command, path: readonly string[] = []): readonly (readonly string[])[] {
  if (command.commands.length === 0) return [path];
  return command.commands.flatMap((each) => leaves(each, [...path, each.name()]));
}

function optionsOf(path: readonly string[]): readonly (string | undefined)[] {
  let command: Command | undefined = makeProgram();
  for (const name of path) command = command?.commands.find((each) => each.name() === name);
  return command?.options.map(({ long }) => long) ?? [];
}

const commands = leaves(makeProgram());

/** Those whose output is a script, or somebody else's: a broker serves until it is ended. */
const WITHOUT_JSON = ["completion", "broker"];

describe.skipIf(!existsSync(bundle))("the built command line", () => {
  it("has commands", () => {
    expect(commands.length).toBeGreaterThan(25);
  });

  it.each(commands.map((path) => [path.join(" "), path] as const))("%s takes --json", (name, path) => {
    expect(optionsOf(path).includes("--json")).toBe(!WITHOUT_JSON.includes(name));
  });

  it.each([...commands, [], ["images"], ["kernel"]].map((path) => [path.join(" ") || "bulkhead", path] as const))(
    "%s says what is wrong with a command line as JSON, too",
    async (_name, path) => {
      const { code, stdout, stderr } = await bulkhead(...path, "--no-such-flag", "--json");
      expect(code).toBe(125);
      expect(JSON.parse(stdout)).toMatchObject({
        error: { code: "USAGE", fault: "user", message: expect.stringContaining("--no-such-flag") },
      });
      const help = ["bulkhead", "help", ...path].join(" ");
      expect(stderr).toMatch(/^bulkhead: USAGE: the command line is not valid: /);
      expect(stderr).toContain(`remedy: See \`${help}\`.`);
    },
  );

  it.each([
    ["a value that is missing", ["run", "--json", "--level"], /argument missing/],
    ["no program", ["run", "--json"], /name the program/],
    ["an empty name", ["run", "--json", "--", ""], /program's name is empty/],
    ["no program to learn", ["learn", "--json"], /missing required argument/],
    ["too many words", ["doctor", "--json", "x"], /too many arguments/],
    ["one level to compare", ["diff", "--json", "--level", "chroot", "--", "true"], /twice/],
    ["runs that are none", ["learn", "--json", "--runs", "NaN", "--", "true"], /whole number/],
    ["a key without what belongs to it", ["images", "verify", "--json", "x"], /--verify-key/],
    ["set-up without its launcher", ["setup", "--json"], /launcher/],
    ["a terminal that is none", ["run", "--json", "-t", "--", "true"], /needs a terminal/],
  ])("says it of %s", async (_name, argv, message) => {
    const { code, stdout } = await bulkhead(...argv);
    expect(code).toBe(125);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: "USAGE", message: expect.stringMatching(message) } });
  });

  it("takes no --json that is the workload's, or another flag's value, for its own", async () => {
    for (const argv of [
      ["run", "--level", "none", "--", "true", "--json"],
      ["run", "--levle", "true", "--json"],
      ["explain", "--nothing", "--policy", "--json"],
      ["run", "-we", "--", "--json"],
    ]) {
      const { code, stdout } = await bulkhead(...argv);
      expect({ argv, code, stdout }).toEqual({ argv, code: 125, stdout: "" });
    }
  });

  it("prints help only for a missing or unknown command, with a code", async () => {
    expect((await bulkhead("images")).stderr).toMatch(/bulkhead: USAGE: .*a command is missing\n/);
    expect((await bulkhead("help", "nothing")).stderr).toMatch(/bulkhead: USAGE: .*unknown command 'nothing'\n/);
  });

  it.each([
    ["a command", ["exlpain"], "explain"],
    ["a flag", ["run", "--memroy", "1GiB", "--", "true"], "--memory"],
    ["a level", ["run", "--level", "continer", "--", "true"], "container"],
    ["a least level", ["run", "--at-least", "gvisro", "--", "true"], "gvisor"],
    ["a trust", ["run", "--trust", "hostil", "--", "true"], "hostile"],
    ["a network", ["run", "--net", "ful", "--", "true"], "full"],
    ["a protection", ["run", "--require", "secomp", "--", "true"], "seccomp"],
    ["a capability", ["run", "--cap", "SYS_CHROTO", "--", "true"], "SYS_CHROOT"],
    ["a root", ["run", "--root", "hots", "--", "true"], "host"],
    ["one of two levels", ["diff", "--level", "chrot", "--level", "container", "--", "true"], "chroot"],
    ["a level to verify", ["verify", "--level", "micorvm"], "microvm"],
    ["a profile", ["profile", "export", "defualt"], "default"],
    ["a shell", ["completion", "bahs"], "bash"],
    ["when to pull", ["run", "--pull", "neevr", "--", "true"], "never"],
  ])("says what was meant by %s", async (_name, argv, meant) => {
    const { code, stderr } = await bulkhead(...argv);
    expect(code).toBe(125);
    expect(stderr).toMatch(new RegExp(`[Dd]id you mean ${meant}\\?`));
  });

  const files = [
    ["--policy", ["explain", "--json", "--policy=@"], "POLICY_UNREADABLE"],
    ["--policy of a run", ["run", "--json", "--policy=@", "--", "true"], "POLICY_UNREADABLE"],
    ["the other policy", ["explain", "--json", "--against=@"], "POLICY_UNREADABLE"],
    ["a record", ["record", "verify", "--json", "@"], "PATH_UNUSABLE"],
    ["a record to show", ["record", "show", "--json", "@"], "PATH_UNUSABLE"],
    ["a key of records", ["record", "verify", "--json", "--key=@", "empty"], "RECORD_KEY_INVALID"],
    ["a seccomp profile", ["explain", "--json", "--syscalls=@"], "PROFILE_INVALID"],
    ["a root", ["explain", "--json", "--root=@"], "ROOT_INVALID"],
    ["a mount", ["explain", "--json", "--mount=@:/data"], "FILES_INVALID"],
    ["a broker", ["doctor", "--json", "--broker=@"], "BROKER_UNAVAILABLE"],
    ["a log", ["run", "--json", "--egress-log=@", "--", "true"], "PATH_UNUSABLE"],
  ] as const;

  it.each(files)("names the code for %s that is not there", async (_name, argv, code) => {
    const ended = await bulkhead(...argv.map((word) => word.replace("@", "./missing/file")));
    expect(ended.code).toBe(125);
    expect(JSON.parse(ended.stdout)).toMatchObject({ error: { code, remedy: expect.any(String) } });
    expect(ended.stderr).toContain(`bulkhead: ${code}: `);
  });

  it.each(files.slice(0, -1))("ends in order for odd files as %s", { timeout: 120_000 }, async (_name, argv) => {
    for (const odd of [
      "./directory",
      "./empty",
      "./binary",
      "./huge",
      "./text",
      "./list.json",
      "./fifo",
      "/dev/zero",
    ]) {
      const { code, stdout, stderr } = await bulkhead(...argv.map((word) => word.replace("@", odd)));
      expect({ odd, told: `${stdout}${stderr}` }).not.toMatchObject({
        told: expect.stringMatching(/UNEXPECTED|\n {4}at /),
      });
      expect([0, 1, 125]).toContain(code);
      expect(() => JSON.parse(stdout)).not.toThrow();
    }
  });
});
