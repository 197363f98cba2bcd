import type { Level } from "../policy/level.js";
import type { Protection } from "../policy/protections.js";

/** What becomes of one protection. */
export type Enforcement = { readonly protection: Protection } & Verdict;

/** In full and by what, less than in full and why, or not at all and why. */
export type Verdict =
  | { readonly status: "enforced"; readonly by: string }
  | { readonly status: "weaker"; readonly by: string; readonly why: string; readonly remedy: string }
  | { readonly status: "cannot"; readonly why: string; readonly remedy: string };

/** The whole table, in the order of `PROTECTIONS`, with the level's weak point said aloud. */
export interface EnforcementTable {
  readonly level: Level;
  /** What this level does not protect from. */
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
