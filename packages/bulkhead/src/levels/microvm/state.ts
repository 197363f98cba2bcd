/**
 * A machine's state, as this process drives it.
 *
 * - `booting`: the guest has not said yet that its init runs.
 * - `running`: init runs, and the guest answers.
 * - `paused`: the whole machine stands still, so the guest answers nothing.
 * - `killed`: killed from outside, booted or not.
 * - `released`: the sandbox no longer needs it; it gives its counters and is killed.
 */
export type MachineState = "booting" | "running" | "paused" | "killed" | "released";

/** The states that may follow each. A killed machine may be released: it then counts as ended in order. */
const FOLLOWING: Readonly<Record<MachineState, readonly MachineState[]>> = {
  booting: ["running", "killed", "released"],
  running: ["paused", "killed", "released"],
  paused: ["running", "killed", "released"],
  killed: ["released"],
  released: [],
};

/** A machine's current state, which changes only as `FOLLOWING` allows. */
export class MachineStates {
  #current: MachineState = "booting";

  get current(): MachineState {
    return this.#current;
  }

  /** Whether this process ends the machine: a failure to boot then says nothing about the state that it resumed. */
  get isEnding(): boolean {
    return this.#current === "killed" || this.#current === "released";
  }

  /** Enters `next` and returns true, or returns false if it may not follow: an ending machine never runs again. */
  enter(next: MachineState): boolean {
    if (!FOLLOWING[this.#current].includes(next)) return false;
    this.#current = next;
    return true;
  }
}
