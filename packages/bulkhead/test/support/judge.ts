import { spawnSync } from "node:child_process";
import { examplePath } from "./examples.js";

const path = examplePath("judge");

/**
 * What the warden says of each plan: null, or the error it would refuse it with. Undefined where `judge`, an example of
 * its crate, is not built.
 */
export const judge: ((plans: readonly unknown[]) => readonly unknown[]) | undefined =
  path === undefined ? undefined : (plans) => verdictsOf(path, plans);

function verdictsOf(program: string, plans: readonly unknown[]): readonly unknown[] {
  const input = plans.map((plan) => `${JSON.stringify(plan)}\n`).join("");
  const { status, stdout } = spawnSync(program, { input, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  if (status !== 0) throw new Error(`judge ended with ${status}`);
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}
