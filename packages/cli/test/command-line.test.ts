import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

const bundle = fileURLToPath(new URL("../dist/bulkhead.cjs", import.meta.url));
const wholeBundle = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const built = existsSync(bundle);
const directory = mkdtempSync(join(tmpdir(), "bulkhead-cli-"));
const yamlPolicy = join(directory, "policy.yaml");
writeFileSync(yamlPolicy, "resources: { memory: 1 }\n");
afterAll(() => rmSync(directory, { recursive: true }));

/** Runs the built command line. Nothing here starts a sandbox: `tests/levels` does that. */
function bulkhead(...argv: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bundle, ...argv], { encoding: "utf8", input: "" });
  return { status, stdout, stderr };
}

describe.skipIf(!built)("the built command line", () => {
  it("has help with examples", () => {
    const { status, stdout } = bulkhead("help", "run");
    expect(status).toBe(0);
    expect(stdout).toMatch(/Examples:\n {2}bulkhead run -- sh/);
    expect(stdout).toContain("125 Bulkhead refused or failed");
  });

  it("lists every command, set-up included", () => {
    const { stdout } = bulkhead("--help");
    for (const name of ["run", "explain", "doctor", "broker", "setup", "version", "completion"])
      expect(stdout).toContain(`\n  ${name}`);
  });

  it("reads a policy that is YAML, also when bundled", () => {
    const { stderr } = bulkhead("explain", "--policy", yamlPolicy);
    expect(stderr).toContain("resources.memory");
  });

  it("refuses a broker's limits that are none, before it starts one", () => {
    const { status, stderr } = bulkhead("broker", "--socket", "/nonexistent/broker.sock", "--max-memory", "lots");
    expect({ status, stderr }).toMatchObject({ status: 125, stderr: expect.stringContaining("lots") });
  });

  it("prints its version plainly and as JSON", () => {
    expect(bulkhead("version").stdout).toMatch(/^bulkhead \d+\.\d+\.\d+\n$/);
    expect(JSON.parse(bulkhead("version", "--json").stdout)).toMatchObject({ version: expect.any(String) });
  });

  it.each([
    ["an unknown command", ["rnu"]],
    ["an unknown option", ["run", "--levle", "x"]],
    ["a level that does not exist", ["run", "--level", "none", "--", "true"]],
    ["two levels", ["run", "--level", "chroot", "--at-least", "container", "--", "true"]],
    ["a mount that is none", ["run", "--mount", "x", "--", "true"]],
  ])("ends with 125 for %s, never with a code that a workload could have given", (_name, argv) => {
    const { status, stderr, stdout } = bulkhead(...argv);
    expect({ status, stdout }).toEqual({ status: 125, stdout: "" });
    expect(stderr).toMatch(/^bulkhead: USAGE: the command line is not valid: /);
  });

  it("says code, cause and remedy when a policy cannot be read", () => {
    const { status, stderr } = bulkhead("run", "--policy", "/no/such", "--", "true");
    expect(status).toBe(125);
    expect(stderr).toMatch(/^bulkhead: POLICY_UNREADABLE: the policy file cannot be read .*ENOENT\)\n {2}remedy: /s);
  });

  it("prints the JSON Schema of plans", () => {
    const { status, stdout } = bulkhead("explain", "--plan-schema");
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      $schema: expect.stringContaining("2020-12"),
      title: "Plan of Bulkhead",
    });
  });

  it.each([
    ["help", ["--help"]],
    ["an unknown option", ["--levle", "x"]],
    ["a mount that is none", ["--mount", "x", "--", "true"]],
    ["no such policy", ["--policy", "/no/such", "--", "true"]],
    ["no such policy, as data", ["--json", "--policy", "/no/such", "--", "true"]],
    ["a policy that is YAML", ["--policy", yamlPolicy, "--", "true"]],
    ["no such image", ["--image", "oci:/no/such", "--", "true"]],
    ["no such image for a root", ["--root=docker-archive:/no/such", "--", "true"]],
    ["an image and a root", ["--image", "oci:/no/such", "--root", "host", "--", "true"]],
    ["fields that are wrong", ["--pids", "many", "--memory", "1", "--", "true"]],
  ])("says of %s what the whole command line says, which a run does without", (_name, argv) => {
    const whole = spawnSync(process.execPath, [wholeBundle, "run", ...argv], { encoding: "utf8", input: "" });
    const { status, stdout, stderr } = whole;
    expect(bulkhead("run", ...argv)).toEqual({ status, stdout, stderr });
  });

  it("gives the same as data with --json, but not for a --json of the workload's", () => {
    const refused = bulkhead("run", "--json", "--policy", "/no/such", "--", "true");
    expect(JSON.parse(refused.stdout)).toMatchObject({
      error: { code: "POLICY_UNREADABLE", errno: 2, remedy: expect.any(String) },
    });
    expect(bulkhead("run", "--policy", "/no/such", "--", "true", "--json").stdout).toBe("");
  });
});
