import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-examples-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe("agent-shell", () => {
  it("keeps what a command wrote for the next one", async () => {
    const { stdout } = await example("agent-shell", "echo kept >/work/file", "cat /work/file", "exit 7");
    expect(stdout).toContain("kept\n[exit 0]");
    expect(stdout).toContain("[exit 7]");
  });

  it("cuts a flood and continues", async () => {
    const { stdout } = await example("agent-shell", "yes", "echo alive");
    expect(stdout).toContain("the output was cut after 16 KiB");
    expect(stdout).toContain("alive\n[exit 0]");
  });
});

describe("plugin", () => {
  it("turns a file into a file", async () => {
    const result = join(directory, "result");
    const plugin = await file("upper", "tr a-z A-Z </input/document >/work/result");
    const { code } = await example("plugin", plugin, await file("document", "hello"), result);
    expect(code).toBe(0);
    expect(await readFile(result, "utf8")).toBe("HELLO");
  });

  it("gets no file of this machine by leaving a link as its result", async () => {
    const result = join(directory, "stolen");
    const secret = await file("secret", "of this machine");
    const plugin = await file("thief", `ln -s ${secret} /work/result`);
    const { code } = await example("plugin", plugin, await file("document", "hello"), result);
    expect(code).not.toBe(0);
    await expect(readFile(result)).rejects.toThrow("ENOENT");
  });
});

describe("judge", () => {
  const submissions: readonly (readonly [verdict: string, program: string])[] = [
    ["AC", "read a b; echo $((a + b))"],
    ["WA", "echo 4"],
    ["TLE", "while :; do :; done"],
    ["MLE", "exec awk 'BEGIN { x = \"x\"; while (1) x = x x }'"],
    ["OLE", "exec yes"],
    ["RE", "exit 3"],
  ];

  it.each(submissions)("says %s of: %s", async (verdict, program) => {
    const cases = await file("cases.json", JSON.stringify([{ input: "1 2\n", expected: "3\n" }]));
    const { stdout, stderr } = await example("judge", await file("submission", program), cases);
    expect(stdout, stderr).toBe(`case 1: ${verdict}\n`);
  });
});

async function file(name: string, content: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, content);
  return path;
}

/** Runs an example as its reader would. */
function example(name: string, ...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const argv = ["--import", "tsx", `${root}examples/${name}.ts`, ...args];
    const child = execFile(process.execPath, argv, { cwd: root }, (_, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, stdout, stderr });
    });
  });
}
