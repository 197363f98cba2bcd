import type { Level } from "../policy/level.js";
import type { Protection } from "../policy/protections.js";

/** State of one protection. */
export type Enforcement = { readonly protection: Protection } & Verdict;

/** Fully enforced and by what, weaker and why, or not possible and why. */
export type Verdict =
  | { readonly status: "enforced"; readonly by: string }
  | { readonly status: "weaker"; readonly by: string; readonly why: string; readonly remedy: string }
  | { readonly status: "cannot"; readonly why: string; readonly remedy: string };

/** The whole table in the order of `PROTECTIONS`, with the level's weak point. */
export interface EnforcementTable {
  readonly level: Level;
  /** The attack that this level does not stop. */
  readonly weakPoint: string;
  readonly protections: readonly Enforcement[];
}

export function enforced(by: string): Verdict {
  return { status: "enforced", by };
}

export function weaker(by: string, why: string, remedy: string): Verdict {
  return { status: "weaker", by, why, remedy };
}

export function cannot(why: string, remedy: string): Verdict {
  return { status: "cannot", why, remedy };
}
