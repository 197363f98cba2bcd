import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseService } from "../../src/services/file/load.js";
import { changesBetween } from "../../src/services/running/changes.js";
import { Lines, passLines } from "../../src/services/running/lines.js";
import { nextStart, Restarts } from "../../src/services/running/restarts.js";

describe("lines of a component's output", () => {
  it("are the same however the output is cut into pieces", () => {
    const bytes = fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array));
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(400), { maxLength: 5 }), (output, cuts) => {
        const whole = new Lines();
        const expected = [...whole.push(output), ...whole.end()];
        const pieces = new Lines();
        const places = [0, ...cuts.map((at) => Math.min(at, output.length)), output.length].sort((a, b) => a - b);
        const found = places.slice(1).flatMap((to, at) => pieces.push(output.subarray(places[at], to)));
        expect([...found, ...pieces.end()]).toEqual(expected);
      }),
    );
  });

  it("hold nothing that acts on a terminal or ends a line", () => {
    const hostile = "\u001b[2J\r\u0007\u0085\u009b1m\u2028\u202e\n";
    const [line = "", ...more] = new Lines().push(Buffer.from(hostile));
    expect(more).toEqual([]);
    expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/);
  });

  it("are split where one has no end", () => {
    const lines = new Lines();
    expect(lines.push(Buffer.alloc(20_000, "x")).map(({ length }) => length)).toEqual([8192, 8192]);
    expect(lines.push(Buffer.from("\n")).map(({ length }) => length)).toEqual([20_000 - 2 * 8192]);
    expect(lines.end()).toEqual([]);
  });

  it("keep empty ones, and drop the carriage return of an end", () => {
    expect(new Lines().push(Buffer.from("a\r\n\nb"))).toEqual(["a", ""]);
  });
});

describe("many lines at once", () => {
  it("leave other work its turn, in order and without loss", async () => {
    const lines = new Lines().push(Buffer.alloc(64 * 1024, "\n"));
    let turns = 0;
    let done = false;
    const tick = () => {
      turns += 1;
      if (!done) setImmediate(tick);
    };
    setImmediate(tick);
    const passed: string[] = [];
    await passLines(lines, async (line) => await Promise.resolve(passed.push(line)));
    done = true;
    expect(passed).toHaveLength(64 * 1024);
    expect(turns).toBeGreaterThan(200);
  });
});

describe("the next start of a program that ended", () => {
  const spec = { when: "on-failure", firstMs: 100, longestMs: 500, limit: 5, withinMs: 60_000 } as const;

  it("is later each time, up to the longest, and never after the last", () => {
    const restarts = new Restarts(spec);
    expect(Array.from({ length: 5 }, () => nextStart(spec, false, restarts))).toEqual([100, 200, 400, 500, "failed"]);
  });

  it("does not come after a success, or for `never`", () => {
    expect(nextStart(spec, true, new Restarts(spec))).toBe("finished");
    expect(nextStart({ ...spec, when: "never" }, true, new Restarts(spec))).toBe("finished");
    expect(nextStart({ ...spec, when: "never" }, false, new Restarts(spec))).toBe("failed");
    expect(nextStart({ ...spec, when: "always" }, true, new Restarts(spec))).toBe(100);
  });

  it("forgets ends that were long ago", () => {
    const restarts = new Restarts(spec);
    expect([0, 10_000, 59_999, 70_000, 200_000].map((at) => restarts.count(at))).toEqual([1, 2, 3, 2, 1]);
  });
});

describe("what a changed file does", () => {
  const read = async (text: string) => await parseService(`name: x\ncomponents:\n${text}`, "file", "/srv");
  const none = { before: new Map(), now: new Map() };
  const a = "  a: { root: host, command: [a]MORE }\n";
  const b = "  b: { root: host, command: [b], provides: { o: { port: 1 } } }\n";

  it.each<readonly [string, string, readonly string[]]>([
    ["nothing", "", []],
    ["a port on the host, which is opened in place", ", ready: started, listen: { x: 127.0.0.1:80 }", []],
    ["restart and stop", ", restart: never, stop: { grace: 1s }", []],
    ["resources", ", resources: { memory: 64MiB }", ["policy.resources"]],
    ["readiness", ", ready: { command: [x] }", ["ready"]],
    ["a secret", ", secrets: { K: { file: k } }", ["policy.env", "policy.files", "secretFiles"]],
    ["a channel", ", uses: { o: b.o }", ["policy.hosts", "policy.files", "uses"]],
  ])("is known for %s", async (_name, more, why) => {
    const changes = changesBetween(
      await read(a.replace("MORE", "") + b),
      await read(a.replace("MORE", more) + b),
      none,
    );
    const found = changes.find(({ component }) => component === "a");
    expect([...(found?.why ?? [])].sort()).toEqual([...why].sort());
    expect(found?.action).toBe(why.length === 0 ? "keep" : "restart");
    expect(changes.find(({ component }) => component === "b")?.action).toBe("keep");
  });

  it("is a restart where there are too many files to compare", async () => {
    const spec = await read(a.replace("MORE", ""));
    const prints = (files: string | null) => new Map([["a", { files, image: null }]]);
    const why = (before: string | null, now: string | null) =>
      changesBetween(spec, spec, { before: prints(before), now: prints(now) })[0]?.why;
    expect(why("1", "1")).toEqual([]);
    for (const [before, now] of [
      ["1", "2"],
      [null, "1"],
      ["1", null],
      [null, null],
    ] as const) {
      expect(why(before, now)).toEqual(["files on the host"]);
    }
  });

  it("starts what is new and stops what is gone", async () => {
    const changes = changesBetween(await read(b), await read(a.replace("MORE", "")), none);
    expect(changes.map(({ component, action }) => `${action} ${component}`)).toEqual(["stop b", "start a"]);
  });
});
