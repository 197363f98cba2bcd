import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { run, Sandbox } from "bulkhead";
import { expect, test } from "vitest";
import { inside, shell } from "../support/inside.js";
import { forEachLevel } from "../support/levels.js";
import { eventually, ms, sleep } from "../support/time.js";

const MIB = 1 << 20;

function sha256(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

await forEachLevel((level) => {
  test("bytes go in and come out as they are", async () => {
    const bytes = Buffer.concat([Buffer.from(Array.from({ length: 256 }, (_, index) => index)), randomBytes(3 * MIB)]);
    await using sandbox = await Sandbox.create({ level });
    const { stdoutBytes } = await inside(sandbox, ["cat"], { input: bytes });
    expect(sha256(stdoutBytes)).toBe(sha256(bytes));
  });

  test("stdin may be a stream of Node", async () => {
    await using sandbox = await Sandbox.create({ level });
    const { stdout } = await inside(sandbox, ["wc", "-c"], {
      stdin: Readable.from([Buffer.alloc(MIB), Buffer.alloc(5)]),
    });
    expect(stdout.trim()).toBe(String(MIB + 5));
  });

  test("stdin is empty unless said otherwise, and ends when it is ended", async () => {
    await using sandbox = await Sandbox.create({ level });
    expect((await inside(sandbox, ["wc", "-c"])).stdout.trim()).toBe("0");
    const process = await sandbox.exec(["cat"], { stdin: "pipe" });
    if (process.stdin === null || process.stdout === null) throw new Error("no streams");
    process.stdin.write("one ");
    await sleep(20);
    process.stdin.end("two");
    expect(await text(process.stdout)).toBe("one two");
    expect((await process.result).exitCode).toBe(0);
  });

  test("writing to a process that reads nothing neither hangs nor throws", async () => {
    await using sandbox = await Sandbox.create({ level });
    const { exitCode } = await inside(sandbox, ["true"], { input: Buffer.alloc(4 * MIB) });
    expect(exitCode).toBe(0);
  });

  test("stdout and stderr are two streams", async () => {
    const { stdout, stderr } = await run(["sh", "-c", "for i in 1 2 3; do echo out$i; echo err$i >&2; done"], {
      level,
    });
    expect([stdout, stderr]).toEqual(["out1\nout2\nout3\n", "err1\nerr2\nerr3\n"]);
  });

  test("output comes while the process runs", async () => {
    await using sandbox = await Sandbox.create({ level });
    const process = await sandbox.exec(["sh", "-c", "echo first; cat > /dev/null; echo last"], { stdin: "pipe" });
    const chunks: string[] = [];
    process.stdout?.on("data", (chunk: Buffer) => chunks.push(chunk.toString()));
    await eventually("the first line", 5000, () => chunks.join("") === "first\n");
    process.stdin?.end();
    await process.result;
    expect(chunks.join("")).toBe("first\nlast\n");
  });

  test("web streams", async () => {
    await using sandbox = await Sandbox.create({ level });
    const process = await sandbox.exec(["tr", "a-z", "A-Z"], { stdin: "pipe" });
    const { stdin, stdout } = process.web;
    if (stdin === null || stdout === null) throw new Error("no streams");
    const writer = stdin.getWriter();
    await writer.write(Buffer.from("shout"));
    await writer.close();
    expect(await text(stdout)).toBe("SHOUT");
  });

  // An emulated machine moves a few MiB in a second; and what it takes itself is memory of the sandbox, too.
  const [total, own] = level === "microvm" ? [64, 320] : [1024, 32];

  test(
    `${total} MiB through a slow reader cost bounded memory on both sides`,
    async () => {
      await using sandbox = await Sandbox.create({ level, resources: { memory: "64MiB" } });
      const process_ = await sandbox.exec(["sh", "-c", `dd if=/dev/zero bs=1M count=${total} 2>/dev/null`]);
      if (process_.stdout === null) throw new Error("no stream");
      const before = process.memoryUsage().rss;
      let bytes = 0;
      let highest = 0;
      for await (const chunk of process_.stdout) {
        bytes += (chunk as Buffer).length;
        if (bytes % (64 * MIB) < 65_536) {
          highest = Math.max(highest, process.memoryUsage().rss - before);
          await sleep(1);
        }
      }
      expect(bytes).toBe(total * MIB);
      expect(highest).toBeLessThan(160 * MIB);
      expect((await process_.result).exitCode).toBe(0);
      const { memoryPeakBytes } = await sandbox.stats();
      if (memoryPeakBytes !== null) expect(memoryPeakBytes).toBeLessThan(own * MIB);
    },
    ms(120_000),
  );

  test("a reader that stops stalls its own process and nothing else", async () => {
    await using sandbox = await Sandbox.create({ level, resources: { memory: "64MiB" } });
    const stalled = await sandbox.exec(["sh", "-c", "dd if=/dev/zero bs=1M count=1024 2>/dev/null"]);
    await sleep(200);
    const before = process.memoryUsage().rss;
    for (let round = 0; round < 20; round += 1)
      expect((await inside(sandbox, ["echo", "still here"])).stdout).toBe("still here\n");
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * MIB);
    const { memoryBytes } = await sandbox.stats();
    if (memoryBytes !== null) expect(memoryBytes).toBeLessThan(own * MIB);
    stalled.kill("SIGKILL");
    stalled.stdout?.resume();
    expect((await stalled.result).signal).toBe("SIGKILL");
  });

  test("a process that closes its output may continue", async () => {
    await using sandbox = await Sandbox.create({ level });
    const { exitCode } = await shell(sandbox, "exec 1>&- 2>&-; sleep 0.1; exit 7");
    expect(exitCode).toBe(7);
  });

  test("what a process wrote last is not lost", async () => {
    await using sandbox = await Sandbox.create({ level });
    for (let round = 0; round < 30; round += 1) {
      const { stdout } = await shell(sandbox, "dd if=/dev/zero bs=1000 count=200 2>/dev/null; printf end");
      expect(stdout.length).toBe(200_003);
      expect(stdout.endsWith("end")).toBe(true);
    }
  });
});
