import { existsSync } from "node:fs";
import { busybox, root } from "../environment.js";
import type { Absent, Subject } from "../subject.js";
import { spawned } from "../subjects/spawned.js";

/** `cargo build --release -p bulkhead-confine --example filtered` makes it. */
const places = ["x86_64-unknown-linux-gnu/", "aarch64-unknown-linux-gnu/", ""].map(
  (target) => `${root}warden/target/${target}release/examples/filtered`,
);

/**
 * The filter of the program, with the same launcher: none; one that allows everything, which no filter can beat; the
 * default profile.
 */
export const FILTERS = {
  "no filter": ["--none"],
  "a filter of one instruction": ["--empty"],
  "default profile": [],
} as const;

/** Programs that do little but system calls. */
export const programs = {
  /** Two calls per byte, of some 100 ns each. */
  "nothing but system calls": ["dd", "if=/dev/zero", "of=/dev/null", "bs=1", "count=600000"],
  /** Some calls for each of thousands of files. */
  "find in a large tree": ["find", "/usr", "-type", "f", "-size", "+2000"],
} as const;

/** One of the programs, under one of the filters and nothing else. */
export async function filtered(name: keyof typeof FILTERS, program: readonly string[]): Promise<Subject | Absent> {
  const launcher = places.find((place) => existsSync(place));
  if (launcher === undefined) {
    return { name, absent: "run `cargo build --release -p bulkhead-confine --example filtered` in warden/ first" };
  }
  return spawned(name, [launcher, ...FILTERS[name], busybox, ...program]);
}
