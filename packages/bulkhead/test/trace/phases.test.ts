import { describe, expect, it } from "vitest";
import type { LaunchMarks } from "../../src/trace/marks.js";
import { besideOf, endOf, execsOf, phasesOf } from "../../src/trace/phases.js";

/** Of `launched`: received, compiled, ordered, instructed, created, prepared, read, mounted, confined, ready, … */
const LAUNCHED = [120, 130, 140, 150, 20, 60, 160, 170, 180, 190, 200, 240];
const INSIDE = [210, 220, 230, 240, 250, 260, 270];

const run: LaunchMarks = {
  id: "s1",
  level: "container",
  called: 100,
  asked: 110,
  launched: { at: 245, marks: LAUNCHED },
  oneRun: true,
  execs: [{ asked: 111, answered: 280, inside: INSIDE }],
  released: 290,
  ended: { at: 320, marks: [300, 310] },
  done: 330,
};

describe("the phases of a run", () => {
  it("follow each other without a gap, from the call to the result", () => {
    const phases = phasesOf(run);
    expect(phases[0]?.from).toBe(100);
    expect(phases.at(-1)?.to).toBe(330);
    expect(phases.map(({ to }) => to).slice(0, -1)).toEqual(phases.map(({ from }) => from).slice(1));
    expect(phases.every(({ from, to }) => to - from === 10)).toBe(true);
  });

  it("put init's marks on our clock if it has another one", () => {
    const elsewhere = { ...run, execs: [{ asked: 111, answered: 280, inside: INSIDE.map((mark) => mark + 1e9) }] };
    const [program] = phasesOf(elsewhere).filter(({ role }) => role === "program");
    expect(program).toMatchObject({ from: 260, to: 270 });
    const earlier = { ...run, execs: [{ asked: 111, answered: 280, inside: INSIDE.map((mark) => mark - 200) }] };
    expect(phasesOf(earlier).filter(({ role }) => role === "program")).toMatchObject([{ from: 260, to: 270 }]);
  });

  it("stay in order whatever init claims", () => {
    for (const inside of [[], [5], [280, 0, 280, 0, 280, 0, 280], [Number.MAX_SAFE_INTEGER, 0]]) {
      const phases = phasesOf({ ...run, execs: [{ asked: 111, answered: 280, inside }] });
      expect(phases.every(({ from, to }) => from <= to)).toBe(true);
      expect(phases.map(({ to }) => to).slice(0, -1)).toEqual(phases.map(({ from }) => from).slice(1));
    }
  });

  it("do not include work done ahead", () => {
    expect(besideOf(run)[0]).toMatchObject({ role: "setup", from: 20, to: 60 });
  });
});

describe("the phases of a sandbox", () => {
  const sandbox: LaunchMarks = {
    ...run,
    oneRun: false,
    execs: [...run.execs, { asked: 400, answered: 480, inside: [210, 220, 410, 420, 430, 440, 450] }],
    released: 490,
    ended: { at: 520, marks: [500, 510] },
    done: undefined,
  };

  it("end when it is ready", () => {
    expect(phasesOf(sandbox).at(-1)).toMatchObject({ to: 245 });
  });

  it("have a row for each program and one for the end", () => {
    expect(execsOf(sandbox).filter(({ role }) => role === "program")).toMatchObject([
      { from: 250, to: 260 },
      { from: 430, to: 440 },
    ]);
    expect(endOf(sandbox)[0]).toMatchObject({ from: 490, to: 500 });
    expect(endOf(run)).toEqual([]);
  });
});
