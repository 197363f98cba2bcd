import { ReadableStream, WritableStream } from "node:stream/web";
import { type Policy, type RunOptions, run, Sandbox } from "bulkhead";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { forEachLevel } from "../support/levels.js";

function* pieces(): Generator<string | Uint8Array> {
  yield "one ";
  yield Buffer.from("two");
}
async function* asyncPieces(): AsyncGenerator<string> {
  yield "one ";
  yield "two";
}
const INPUTS: readonly (readonly [string, () => NonNullable<RunOptions["input"]>])[] = [
  ["text", () => "one two"],
  ["bytes", () => Buffer.from("one two")],
  ["an iterator", pieces],
  ["an async iterator", asyncPieces],
  ["a web stream", () => ReadableStream.from(asyncPieces())],
  ["the body of a response", () => new Response("one two").body as ReadableStream<Uint8Array>],
];
const text = (parts: readonly Uint8Array[]) => Buffer.concat(parts).toString();

await forEachLevel((level) => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await Sandbox.create({ level, resources: { pids: 80 } });
  });
  afterAll(async () => await sandbox.close());

  describe("what goes in", () => {
    it.each(INPUTS)("is %s", async (_, input) => {
      expect(await run(["cat"], { level }, { input: input() })).toMatchObject({ exitCode: 0, stdout: "one two" });
      expect(await sandbox.run(["cat"], { input: input() })).toMatchObject({ exitCode: 0, stdout: "one two" });
    });

    it("is a file's content, too", async () => {
      await sandbox.files.write("/tmp/file", new Response("from a response").body as ReadableStream<Uint8Array>);
      expect(await sandbox.files.readText("/tmp/file")).toBe("from a response");
    });
  });

  describe("what comes out", () => {
    const BOTH = ["sh", "-c", "echo out; echo err >&2"];

    it("goes to callbacks, in order, and into the result", async () => {
      const out: Uint8Array[] = [];
      const onStdout = async (bytes: Uint8Array) => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        out.push(bytes);
      };
      const result = await run(["seq", "20000"], { level }, { onStdout });
      expect(text(out)).toBe(result.stdout);
      expect(result.stdout.split("\n")).toHaveLength(20_001);
    });

    it("goes to web streams, and what has none is collected", async () => {
      const out: Uint8Array[] = [];
      const stdout = new WritableStream<Uint8Array>({ write: (bytes) => void out.push(bytes) });
      expect(await run(BOTH, { level }, { output: { stdout } })).toMatchObject({ stdout: "", stderr: "err\n" });
      expect(text(out)).toBe("out\n");
      expect(stdout.locked).toBe(false);
    });

    it("goes to callbacks in the place of streams", async () => {
      const out: Uint8Array[] = [];
      const process = await sandbox.exec(BOTH, { onStdout: (bytes) => void out.push(bytes) });
      expect(process.stdout).toBeNull();
      process.stderr?.resume();
      expect(await process.result).toMatchObject({ exitCode: 0, stdout: "" });
      expect(text(out)).toBe("out\n");
    });
  });

  describe("a program that is not there", () => {
    it.each([
      [["nosuch"], { exitCode: 127, notFound: true, notExecutable: false, error: { code: "EXEC_NOT_FOUND" } }],
      [["/etc"], { exitCode: 126, notFound: false, notExecutable: true, error: { code: "EXEC_NOT_EXECUTABLE" } }],
    ])("%j has one result, from run and from a sandbox", async (argv, result) => {
      expect(await run(argv, { level })).toMatchObject(result);
      expect(await sandbox.run(argv)).toMatchObject(result);
      await expect(sandbox.exec(argv)).rejects.toMatchObject(result.error);
    });

    it("is distinct from a program's own 127", async () => {
      for (const result of [
        await run(["sh", "-c", "exit 127"], { level }),
        await sandbox.run(["sh", "-c", "exit 127"]),
      ]) {
        expect(result).toMatchObject({ exitCode: 127, notFound: false });
        expect(result).not.toHaveProperty("error");
      }
    });
  });

  it("runs a hundred programs that are started at once", async () => {
    const all = await Promise.all(Array.from({ length: 100 }, (_, at) => sandbox.run(["echo", String(at)])));
    expect(all.map(({ stdout }) => stdout)).toEqual(Array.from({ length: 100 }, (_, at) => `${at}\n`));
  });

  it("gives times of months in full", async () => {
    expect(await sandbox.run(["echo", "there"], { timeoutMs: 1e12 })).toMatchObject({
      stdout: "there\n",
      timedOut: false,
    });
    expect(await run(["echo", "there"], { level, resources: { time: "1000h" } })).toMatchObject({ timedOut: false });
    await using long = await Sandbox.create({ level, resources: { time: "365d" } });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await long.run(["echo", "there"])).toMatchObject({ stdout: "there\n" });
  });

  it("uses its options as they were, even if the caller changes them afterwards", async () => {
    const argv = ["echo", "first"];
    const policy: Policy = { level };
    const env = { NAME: "first" };
    const running = run(argv, policy, { env });
    argv[1] = "second";
    env.NAME = "second";
    policy.resources = { time: "none" };
    expect((await running).stdout).toBe("first\n");
    // What is remembered of the first is not taken for the second.
    expect(await run(["sh", "-c", "sleep 1"], { level, resources: { time: "200ms" } })).toMatchObject({
      timedOut: true,
    });
  });
});
