/** The machine itself failed (not what ran in it): exit code 125. The message says the cause, then the cure. */
export class MachineError extends Error {
  override readonly name = "MachineError";
}
