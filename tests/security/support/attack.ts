import type { Level, Policy } from "bulkhead";
import type { Arena } from "./arena.js";

/** What the probe may report without the attack counting as a failure of ours. */
export type Outcome = "refused" | "absent" | "succeeded";

/** One attempt to get out: plain data, so that a table of them reads as a list of what was tried. */
export interface Attack {
  readonly title: string;
  /** The requirement of the design (§4.8) that this is the test of. */
  readonly rule?: number;
  /** What the probe is called with; a function where it aims at something that only exists at run time. */
  readonly attempt: readonly string[] | ((arena: Arena) => readonly string[]);
  /** The program that makes the attempt, when it is not the probe at its usual place. */
  readonly program?: string;
  /** Added to the policy; the probe, /ro and (where possible) /rw are always there. */
  readonly policy?: Policy;
  /** Where it makes sense; default: everywhere. */
  readonly levels?: readonly Level[];
  /** Default: `refused` or `absent`. With `succeeded` only the asset decides. */
  readonly outcome?: readonly Outcome[];
  /** The kernel may kill the attempt (a foreign ABI), or the attempt itself. */
  readonly mayBeKilled?: boolean;
  /** Aims at the directory that is mounted read-write. */
  readonly needs?: "writable" | "root";
  /** Runs on a terminal. */
  readonly tty?: boolean;
  /** Host paths that must not appear. */
  readonly planted?: (arena: Arena) => readonly string[];
}
