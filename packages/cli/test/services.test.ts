import {
  chownSync,
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { OutputEvent } from "bulkhead/services";
import { Service } from "bulkhead/services";
import { describe, expect, it } from "vitest";
import { runsDirectory } from "../src/live/place.js";
import { LineSplitter, readInput, readRequest } from "../src/services/control/messages.js";
import { stateDirectory } from "../src/services/control/place.js";
import { drawingOf } from "../src/services/graph/svg.js";
import { textOf } from "../src/services/graph/text.js";
import { History } from "../src/services/history.js";
import { LogFiles } from "../src/services/log-files.js";

const output = (component: string, text: string, at = new Date()): OutputEvent => ({
  kind: "output",
  at,
  component,
  stream: "stdout",
  text,
});

describe("a request to a supervisor", () => {
  it.each([
    { op: "status" },
    { op: "down" },
    { op: "verify" },
    { op: "logs", components: ["a"], follow: true },
    { op: "restart", component: "a" },
    { op: "change", file: "/srv/bulkhead.yaml", dryRun: false },
    { op: "change", file: "/srv/bulkhead.yaml", dryRun: true, maxBlast: "20" },
    { op: "exec", component: "a", argv: ["id"] },
  ])("is read as it was written: %j", (request) => {
    expect(readRequest(JSON.stringify(request))).toEqual(request);
  });

  it.each([
    "",
    "null",
    "[]",
    "1",
    "{",
    '{"op":"kill"}',
    '{"op":"logs","components":[1],"follow":true}',
    '{"op":"logs"}',
    '{"op":"start"}',
    '{"op":"exec","component":"a","argv":[]}',
    '{"op":"exec","component":"a","argv":"id"}',
    '{"op":"change","file":1,"dryRun":true}',
    '{"op":"change","file":"/a","dryRun":true,"maxBlast":9}',
  ])("is refused: %s", (line) => {
    expect(readRequest(line)).toBeUndefined();
  });

  it("has input that is bytes, an end or a signal", () => {
    expect([{ stdin: "" }, { end: true }, { signal: "SIGINT" }].map((one) => readInput(JSON.stringify(one)))).toEqual([
      { stdin: "" },
      { end: true },
      { signal: "SIGINT" },
    ]);
    expect(readInput('{"end":1}')).toBeUndefined();
  });

  it("is bounded", () => {
    const lines = new LineSplitter();
    expect(lines.push("a\nb")).toEqual(["a"]);
    expect(lines.push("c\n")).toEqual(["bc"]);
    expect(lines.push("x".repeat(300_000))).toBeUndefined();
  });
});

describe("the history of a service", () => {
  it("lets a component that writes much push out only its own lines", () => {
    const history = new History();
    history.add(output("calm", "kept"));
    for (let line = 0; line < 20_000; line++) history.add(output("loud", `line ${line}`));
    expect(history.lines(["calm"]).map(({ text }) => text)).toEqual(["kept"]);
    expect(history.lines([]).length).toBeLessThan(9_000);
    expect(history.lines(["loud"]).at(-1)?.text).toBe("line 19999");
  });
});

describe("log files", () => {
  it("are rotated by size, and as many are kept as the component says", () => {
    const directory = mkdtempSync(join(tmpdir(), "bulkhead-logs-"));
    const files = new LogFiles(directory);
    for (let line = 0; line < 100; line++) files.add(output("web", `line ${line}`), { logs: { bytes: 1000, keep: 3 } });
    files.close();
    expect(readdirSync(directory).sort()).toEqual(["web.log", "web.log.1", "web.log.2"]);
    for (const name of readdirSync(directory)) {
      const text = readFileSync(join(directory, name), "utf8");
      expect(text.length).toBeLessThanOrEqual(1000);
      for (const line of text.trim().split("\n")) expect(JSON.parse(line)).toMatchObject({ component: "web" });
    }
    expect(readFileSync(join(directory, "web.log"), "utf8")).toContain('"line 99"');
    rmSync(directory, { recursive: true });
  });
});

describe("the directory of control sockets", () => {
  it.skipIf(process.getuid?.() !== 0)("is not in the runtime directory of another user", () => {
    const directory = mkdtempSync(join(tmpdir(), "bulkhead-runtime-"));
    const before = process.env["XDG_RUNTIME_DIR"];
    try {
      process.env["XDG_RUNTIME_DIR"] = directory;
      expect(runsDirectory(0, true)).toBe(join(directory, "bulkhead"));
      chownSync(directory, 1000, 1000);
      expect(runsDirectory(0)).not.toBe(join(directory, "bulkhead"));
    } finally {
      if (before === undefined) delete process.env["XDG_RUNTIME_DIR"];
      else process.env["XDG_RUNTIME_DIR"] = before;
      rmSync(directory, { recursive: true });
    }
  });
});

describe("log files that cannot be written", () => {
  it("keep their descriptors apart from others", () => {
    const directory = mkdtempSync(join(tmpdir(), "bulkhead-logs-"));
    const files = new LogFiles(directory);
    const spec = { logs: { bytes: 100, keep: 2 } };
    files.add(output("web", "one"), spec);
    rmSync(directory, { recursive: true });
    expect(() => files.add(output("web", "two"), spec)).toThrow();
    // A descriptor that was closed early would now be this file's.
    const other = mkdtempSync(join(tmpdir(), "bulkhead-other-"));
    const descriptor = openSync(join(other, "file"), "a");
    expect(() => files.add(output("web", "three"), spec)).toThrow();
    files.close();
    writeSync(descriptor, "whole");
    expect(readFileSync(join(other, "file"), "utf8")).toBe("whole");
    closeSync(descriptor);
    rmSync(other, { recursive: true });
  });

  it("obey limits that a change of the service brings", () => {
    const directory = mkdtempSync(join(tmpdir(), "bulkhead-logs-"));
    const files = new LogFiles(directory);
    for (let line = 0; line < 20; line++) files.add(output("web", "x"), { logs: { bytes: 100_000, keep: 3 } });
    expect(readdirSync(directory)).toEqual(["web.log"]);
    for (let line = 0; line < 3; line++) files.add(output("web", "x"), { logs: { bytes: 100, keep: 2 } });
    expect(readdirSync(directory).sort()).toEqual(["web.log", "web.log.1"]);
    // The last lines of a component that the change removed.
    const before = readFileSync(join(directory, "web.log"), "utf8");
    files.add(output("web", "last"), undefined);
    files.close();
    expect(readdirSync(directory).sort()).toEqual(["web.log", "web.log.1"]);
    expect(readFileSync(join(directory, "web.log.1"), "utf8")).toBe(before);
    expect(readFileSync(join(directory, "web.log"), "utf8")).toContain('"last"');
    rmSync(directory, { recursive: true });
  });

  it("are refused where others could read them", () => {
    const directory = mkdtempSync(join(tmpdir(), "bulkhead-state-"));
    const before = process.env["XDG_STATE_HOME"];
    const uid = process.getuid;
    try {
      process.env["XDG_STATE_HOME"] = directory;
      process.getuid = () => statSync(directory).uid + 1;
      expect(() => stateDirectory("web")).toThrow(expect.objectContaining({ code: "PATH_UNUSABLE" }));
    } finally {
      if (uid !== undefined) process.getuid = uid;
      if (before === undefined) delete process.env["XDG_STATE_HOME"];
      else process.env["XDG_STATE_HOME"] = before;
      rmSync(directory, { recursive: true });
    }
  });
});

describe("the graph of a service", () => {
  const text = `
name: uploads
components:
  front: { root: host, command: [x], listen: { http: 127.0.0.1:8080 }, uses: { api: api.http } }
  api: { root: host, command: [x], provides: { http: { port: 1 } }, uses: { front: { offer: back.rpc } } }
  back: { level: gvisor, root: host, command: [x], provides: { rpc: { socket: /run/x } } }
`;

  it("has each component with its wall, its ports and its channels", async () => {
    const { spec } = await Service.parse(text, "/srv");
    expect(textOf(spec).split("\n")).toEqual([
      "uploads",
      "  || front ||   container",
      "     127.0.0.1:8080 -> front",
      "     front -> api.http",
      "  || api   ||   container",
      "     api -> back.rpc",
      " ||| back  |||  gvisor",
      "",
    ]);
  });

  it("is a well-formed drawing, with a thicker border for a stronger wall", async () => {
    const { spec } = await Service.parse(text, "/srv");
    const svg = drawingOf(spec);
    expect(svg).toMatch(/^<svg [^>]+>\n[\s\S]*<\/svg>\n$/);
    expect(svg.match(/<rect [^>]*stroke-width="3"/g)).toHaveLength(2);
    expect(svg.match(/<rect [^>]*stroke-width="5"/g)).toHaveLength(1);
    expect(svg.match(/marker-end/g)).toHaveLength(3);
    expect(svg).not.toContain("NaN");
  });
});
