import type { Level, Policy } from "bulkhead";
import type { Arena } from "./arena.js";

/** Reports of the probe that do not make the attack count as our failure. */
export type Outcome = "refused" | "absent" | "succeeded";

/** Requirements of every level, each from an attack that worked against another runtime. */
export type Requirement =
  /** kill(0) must not cross the wall, and nothing may be typed into the caller's terminal. */
  | "own session"
  | "own keyring"
  /** No descriptor or variable of the caller reaches init or the workload. */
  | "nothing inherited"
  /** Init cannot be traced, read or written, and its program is no file of the host. */
  | "init out of reach"
  /** Ids that nothing else uses, no capabilities, and nothing of the kernel to write to or read secrets from. */
  | "root inside powerless outside"
  /** Names, links and types in a root file system come from an attacker. */
  | "hostile root file system"
  | "death ends the sandbox"
  /** No device node and no set-user-id file in a writable mount. */
  | "nothing left on the host"
  /** Other ABIs, and calls that only their arguments make dangerous. */
  | "every ABI and argument filtered"
  | "host loopback out of reach"
  | "every resource bounded";

/** One attempt to get out: plain data, so that a table of them reads as a list of what was tried. */
export interface Attack {
  readonly title: string;
  /** The requirement that this attack tests; part of the title. */
  readonly requirement?: Requirement;
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
