import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { run, Sandbox } from "bulkhead";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { forEachLevel } from "../support/levels.js";
import { eventually } from "../support/time.js";

interface TraceEvent {
  readonly name: string;
  readonly cat?: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur: number;
  readonly args?: { readonly name: string };
}

const command = new URL("../../bulkhead", import.meta.url).pathname;
let file = "";

beforeEach(() => {
  file = join(tmpdir(), `trace-${randomBytes(6).toString("hex")}.json`);
  vi.stubEnv("BULKHEAD_TRACE", file);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(file, { force: true });
});

/** The events of each launch, once `launches` are in the file. */
async function rows(launches: number): Promise<TraceEvent[][]> {
  return await eventually(`${launches} launches in the trace`, 20_000, async () => {
    // Chrome's format leaves the closing bracket out.
    const events: TraceEvent[] = JSON.parse(`${await readFile(file, "utf8")}\n]`);
    const pids = [...new Set(events.filter(({ ph }) => ph === "X").map(({ pid }) => pid))];
    return pids.length === launches && pids.map((pid) => events.filter((event) => event.pid === pid));
  });
}

const of = (events: readonly TraceEvent[], cat: string) => events.filter((event) => event.cat === cat);
const roleOf = (events: readonly TraceEvent[], { tid }: TraceEvent) =>
  events.find((event) => event.name === "thread_name" && event.tid === tid)?.args?.name;

function expectNoGap(phases: readonly TraceEvent[]): void {
  expect(phases.every(({ dur }) => dur >= 0)).toBe(true);
  expect(phases.slice(1).map(({ ts }) => ts)).toEqual(phases.slice(0, -1).map(({ ts, dur }) => ts + dur));
}

await forEachLevel((level) => {
  test("a run is traced through each process, without a gap", async () => {
    const before = process.hrtime.bigint() / 1000n;
    const { durationMs } = await run(["sleep", "0.3"], { level });
    const after = process.hrtime.bigint() / 1000n;
    const [events = []] = await rows(1);
    const phases = of(events, "launch");
    expectNoGap(phases);
    expect(phases[0]?.ts).toBeGreaterThanOrEqual(Number(before));
    const whole = phases.reduce((sum, { dur }) => sum + dur, 0);
    expect((phases[0]?.ts ?? 0) + whole).toBeLessThanOrEqual(Number(after));
    // The result's duration ends while the result is being made.
    expect(whole / 1000).toBeGreaterThanOrEqual(durationMs - 1);
    const roles = phases.map((phase) => roleOf(events, phase));
    expect([...new Set(roles)].sort()).toEqual(["front", "init", "keeper", "library", "program", "setup"]);
    const program = phases.filter((phase) => roleOf(events, phase) === "program");
    expect(program).toHaveLength(1);
    expect(program[0]?.dur).toBeGreaterThan(250_000);
    // Each process reported its own moments: none of their phases is empty because a mark is missing or older.
    const work = ["check the plan", "authorize", "mount tree", "limits, ids", "inspect", "reap"];
    for (const name of work) {
      expect(phases.find((phase) => phase.name.startsWith(name))?.dur, name).toBeGreaterThan(0);
    }
    expect(events.find(({ name }) => name === "process_name")?.args?.name).toMatch(new RegExp(`^${level} s`));
  });

  test("a sandbox is traced with its programs and its end", async () => {
    const sandbox = await Sandbox.create({ level });
    await sandbox.run(["sleep", "0.1"]);
    await sandbox.run(["true"]);
    await sandbox.close();
    const [events = []] = await rows(1);
    expectNoGap(of(events, "launch"));
    const programs = of(events, "exec").filter((phase) => roleOf(events, phase) === "program");
    expect(programs).toHaveLength(2);
    expect(programs[0]?.dur).toBeGreaterThan(80_000);
    expectNoGap(of(events, "end"));
    expect(of(events, "end").length).toBeGreaterThan(2);
  });
});

describe("a trace", () => {
  test("holds the launches of several processes", async () => {
    const each = ["chroot", "container"].map((level) => {
      const running = promisify(execFile)(command, ["run", "--level", level, "--", "true"], { env: process.env });
      running.child.stdin?.end();
      return running;
    });
    await Promise.all(each);
    for (const events of await rows(2)) {
      expectNoGap(of(events, "launch"));
      expect(of(events, "beside").map(({ name }) => name)).toContain("start Node, load the library");
    }
  });

  test("that cannot be written refuses the run", async () => {
    vi.stubEnv("BULKHEAD_TRACE", join(file, "below"));
    await writeFile(file, "");
    await expect(run(["true"])).rejects.toMatchObject({ code: "ARGUMENT_INVALID", detail: "BULKHEAD_TRACE" });
    expect(await readFile(file, "utf8")).toBe("");
  });

  test("is not written unless asked for", async () => {
    vi.stubEnv("BULKHEAD_TRACE", "");
    await run(["true"], { level: "chroot" });
    await expect(readFile(file)).rejects.toMatchObject({ code: "ENOENT" });
  });
});
