import { describe, expect, it } from "vitest";
import { type MachineState, MachineStates } from "../../src/levels/microvm/state.js";

const ALL: readonly MachineState[] = ["booting", "running", "paused", "killed", "released"];

/** A machine that went through these states. */
function after(...states: readonly MachineState[]): MachineStates {
  const machine = new MachineStates();
  for (const state of states) expect(machine.enter(state), state).toBe(true);
  return machine;
}

describe("the state of a machine", () => {
  it.each<[path: readonly MachineState[], next: readonly MachineState[]]>([
    [[], ["running", "killed", "released"]],
    [["running"], ["paused", "killed", "released"]],
    [
      ["running", "paused"],
      ["running", "killed", "released"],
    ],
    [["killed"], ["released"]],
    [["running", "released"], []],
  ])("after %j only %j may follow", (path, next) => {
    for (const state of ALL) {
      const machine = after(...path);
      const before = machine.current;
      expect(machine.enter(state), state).toBe(next.includes(state));
      expect(machine.current).toBe(next.includes(state) ? state : before);
    }
  });

  it("is ending once it is killed or released", () => {
    expect([after(), after("running"), after("running", "paused")].map(({ isEnding }) => isEnding)).toEqual([
      false,
      false,
      false,
    ]);
    expect([after("killed"), after("released"), after("killed", "released")].every(({ isEnding }) => isEnding)).toBe(
      true,
    );
  });
});
