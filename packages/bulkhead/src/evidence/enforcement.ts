import type { Level } from "../policy/level.js";
import type { Protection } from "../policy/protections.js";

/** What becomes of one protection: by which mechanism, or why not (fully). */
export type Enforcement =
  | { readonly protection: Protection; readonly status: "enforced"; readonly by: string }
  | { readonly protection: Protection; readonly status: "weaker"; readonly by: string; readonly why: string }
  | { readonly protection: Protection; readonly status: "cannot"; readonly why: string; readonly remedy: string };

/** The whole table, in the order of `PROTECTIONS`, with the level's weak point said aloud. */
export interface EnforcementTable {
  readonly level: Level;
  /** What this level does not protect from. */
  readonly weakPoint: string;
  readonly protections: readonly Enforcement[];
}
