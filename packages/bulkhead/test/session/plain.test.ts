import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BulkheadError } from "../../src/errors/bulkhead-error.js";
import { Ends } from "../../src/session/ends/ends.js";
import { type ExecOptions, execRequest } from "../../src/session/exec-options.js";
import { type Files, filesOf } from "../../src/session/files/files.js";
import { Live } from "../../src/session/live.js";
import { hasStarted, type Process, startProcess } from "../../src/session/process.js";
import { plainPath, runPlain } from "../support/plain.js";

const WORKLOAD = { env: { PATH: "/usr/bin:/bin" }, cwd: "/", argv: [], notes: [], timeMs: null, outputBytes: 1 << 20 };

// The library and the real init, together: everything but the wall.
describe.skipIf(plainPath === undefined)("with a real init (cargo build -p bulkhead-init --example plain)", () => {
  let live: Live;
  let files: Files;
  let directory: string;

  beforeEach(async () => {
    live = new Live(runPlain(plainPath ?? ""));
    files = filesOf(live);
    directory = await mkdtemp(join(tmpdir(), "bulkhead-plain-"));
  });

  afterEach(async () => {
    live.kill(new BulkheadError("SANDBOX_CLOSED"));
    await live.running.ended;
    await rm(directory, { recursive: true });
  });

  async function exec(argv: readonly string[], options: ExecOptions = {}): Promise<Process> {
    const process = startProcess(
      live,
      execRequest("exec", argv, WORKLOAD, options),
      options,
      new Ends("exec", options),
      options.outputBytes,
    );
    await hasStarted(process);
    return process;
  }

  async function run(argv: readonly string[], options: ExecOptions = {}) {
    return await (await exec(argv, { ...options, buffer: true })).result;
  }

  it("collects output and exit code", async () => {
    const result = await run(["sh", "-c", "echo out; echo err >&2; exit 3"]);
    expect(result).toMatchObject({ exitCode: 3, signal: null, stdout: "out\n", stderr: "err\n", timedOut: false });
    expect(result.stdoutBytes).toEqual(Buffer.from("out\n"));
  });

  it("names the signal that ended a process", async () => {
    expect(await run(["sh", "-c", "kill -TERM $$"])).toMatchObject({ exitCode: null, signal: "SIGTERM" });
  });

  it("gives nothing of this process's environment, and what is asked for", async () => {
    const { stdout } = await run(["env"], { env: { ADDED: "1", PATH: "/usr/bin:/bin" } });
    expect(stdout.trim().split("\n").sort()).toEqual(["ADDED=1", "PATH=/usr/bin:/bin"]);
  });

  it("passes text, bytes and streams in", async () => {
    expect((await run(["cat"], { input: "pipe" })).stdout).toBe("pipe");
    const big = Buffer.alloc(3_000_000, "x");
    expect((await run(["wc", "-c"], { input: big })).stdout.trim()).toBe("3000000");
    expect((await run(["wc", "-c"], { stdin: Readable.from([big, big]) })).stdout.trim()).toBe("6000000");
  });

  it("lets a program leave its input unread", async () => {
    expect(await run(["true"], { input: Buffer.alloc(3_000_000) })).toMatchObject({ exitCode: 0 });
  });

  it("streams both ways, in Node's streams and in the web's", async () => {
    const cat = await exec(["cat"], { stdin: "pipe" });
    expect(cat.pid).toBeGreaterThan(0);
    cat.stdin?.end("hello");
    expect(await text(there(cat.stdout))).toBe("hello");
    expect(await cat.result).toMatchObject({ exitCode: 0, stdout: "" });
    const web = (await exec(["cat"], { stdin: "pipe" })).web;
    const writer = web.stdin?.getWriter();
    await writer?.write(Buffer.from("web"));
    await writer?.close();
    expect(await text(there(web.stdout))).toBe("web");
  });

  it("holds back a flood while the caller does not read, and loses none of it", async () => {
    const process = await exec(["head", "-c", "50000000", "/dev/zero"]);
    await new Promise((resolve) => setTimeout(resolve, 200));
    let bytes = 0;
    for await (const chunk of there(process.stdout)) bytes += (chunk as Buffer).length;
    expect(bytes).toBe(50_000_000);
    expect(await process.result).toMatchObject({ exitCode: 0 });
  });

  it("cuts output at its bound, and kills the process", async () => {
    const result = await run(["yes"], { outputBytes: 100_000 });
    expect(result).toMatchObject({ outputTruncated: true, timedOut: false });
    expect(result.stdout).toHaveLength(100_000);
  });

  it("kills what takes too long, and what is aborted", async () => {
    expect(await run(["sleep", "100"], { timeoutMs: 50 })).toMatchObject({ timedOut: true, signal: "SIGKILL" });
    const aborter = new AbortController();
    const result = run(["sleep", "100"], { signal: aborter.signal });
    setTimeout(() => aborter.abort(), 50);
    await expect(result).rejects.toMatchObject({ code: "ABORTED" });
  });

  it("signals the process group", async () => {
    const sleeper = await exec(["sh", "-c", "sleep 100 & wait"], { buffer: true });
    sleeper.kill("SIGINT");
    expect(await sleeper.result).toMatchObject({ signal: "SIGINT" });
  });

  it("says by code why a program did not start", async () => {
    await expect(exec(["no-such-program"])).rejects.toMatchObject({ code: "EXEC_NOT_FOUND", fault: "workload" });
    await expect(exec(["/etc/passwd"])).rejects.toMatchObject({ code: "EXEC_NOT_EXECUTABLE" });
    await expect(exec(["true"], { cwd: "/nowhere" })).rejects.toMatchObject({ code: "CWD_UNAVAILABLE" });
    await expect(exec(["true"], { user: "65534:65534" })).rejects.toMatchObject({ code: "EXEC_USER_FIXED" });
    await expect(exec(["true"], { user: "somebody" })).rejects.toMatchObject({ code: "USER_UNKNOWN" });
  });

  it("gives a terminal that can be resized", async () => {
    const shell = await exec(["sh", "-c", "stty size; read line; stty size"], {
      stdin: "pipe",
      tty: { rows: 24, cols: 80 },
    });
    const output = text(there(shell.stdout));
    setTimeout(() => {
      shell.resize({ rows: 30, cols: 100 });
      shell.stdin?.write("go\n");
    }, 200);
    expect(await output).toMatch(/24 80[\s\S]*30 100/);
  });

  it("reads and writes files of any size", async () => {
    const path = join(directory, "file");
    await files.write(path, "hello");
    await files.write(path, " world", { append: true });
    expect(await files.readText(path)).toBe("hello world");
    expect(await files.readText(path, { offset: 6, length: 3 })).toBe("wor");
    await expect(files.write(path, "", { exclusive: true })).rejects.toMatchObject({ code: "FILE_EXISTS" });
    const big = Buffer.alloc(5_000_000, "y");
    await pipeline(Readable.from([big, big]), files.writeStream(path));
    expect(await files.stat(path)).toMatchObject({ type: "file", size: 10_000_000 });
    await expect(files.read(path, { maxBytes: 1000 })).rejects.toMatchObject({ code: "FILE_TOO_LARGE" });
    expect((await files.read(path)).length).toBe(10_000_000);
    expect((await files.read(path, { length: 10 })).length).toBe(10);
  });

  it("lists, makes, renames and removes", async () => {
    await files.mkdir(join(directory, "a/b"), { recursive: true });
    await files.write(join(directory, "a/one\ntwo"), "x");
    const entries = await files.list(join(directory, "a"));
    expect(entries.map(({ name, type }) => [name, type]).sort()).toEqual([
      ["b", "directory"],
      ["one\ntwo", "file"],
    ]);
    await files.rename(join(directory, "a"), join(directory, "c"));
    await expect(files.remove(join(directory, "c"))).rejects.toMatchObject({ code: "FILE_NOT_EMPTY" });
    await files.remove(join(directory, "c"), { recursive: true });
    await expect(files.stat(join(directory, "c"))).rejects.toMatchObject({ code: "FILE_NOT_FOUND", errno: 2 });
    expect(await files.list(directory)).toEqual([]);
  });

  it("watches", async () => {
    const aborter = new AbortController();
    const seen: string[] = [];
    const watching = (async () => {
      for await (const { event, name } of files.watch(directory, { signal: aborter.signal })) {
        seen.push(`${event} ${name}`);
        if (event === "remove") break;
      }
    })();
    await new Promise((resolve) => setTimeout(resolve, 200));
    await files.write(join(directory, "new"), "x");
    await files.remove(join(directory, "new"));
    await watching;
    expect(seen).toContain("create new");
    expect(seen).toContain("remove new");
  });

  it("fails what is under way when the sandbox goes", async () => {
    const sleeper = await exec(["sleep", "100"], { buffer: true });
    live.running.kill();
    await expect(sleeper.result).rejects.toMatchObject({ code: "SANDBOX_LOST" });
    await expect(files.stat("/")).rejects.toMatchObject({ code: "SANDBOX_LOST" });
  });
});

/** What a test has asked for is there. */
function there<Value>(value: Value | null): Value {
  if (value === null) throw new Error("it is not there");
  return value;
}
