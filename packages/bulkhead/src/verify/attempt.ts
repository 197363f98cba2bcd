import type { Evidence } from "../evidence/observed.js";
import type { Level } from "../policy/level.js";
import type { Protection } from "../policy/protections.js";
import type { Policy } from "../policy/schema.js";
import type { Arena } from "./arena.js";

export const CLASSES = [
  "filesystem",
  "process",
  "kernel",
  "resources",
  "network",
  "terminal",
  "image",
  "privilege",
] as const;
export type AttemptClass = (typeof CLASSES)[number];

/**
 * One escape attempt, as plain data. Success is harmless: it targets something that the arena created, or uses
 * arguments that cannot do harm.
 */
export interface Attempt {
  readonly class: AttemptClass;
  readonly title: string;
  /** The line of the enforcement table that is false if it succeeds. */
  readonly protection: Protection;
  /** Arguments of the probe. */
  readonly argv: readonly string[] | ((arena: Arena) => readonly string[]);
  readonly cve?: string;
  /**
   * The filter or a limit may kill it, and its sandbox with it. For any other attempt that counts as a failure: its
   * earlier gains are unknown.
   */
  readonly mayBeKilled?: boolean;
  /** The reported result is allowed in any case, and only the state outside decides. */
  readonly outsideOnly?: boolean;
  readonly tty?: boolean;
  /** Runs in its own sandbox, with this policy. If the policy's requirements are not met here, nothing is claimed. */
  readonly policy?: Policy;
  /** Checks outside, after the attempt, and returns why the protection did not hold. */
  readonly judge?: (outside: Outside) => string | undefined;
}

/** The state outside after an attempt. */
export interface Outside {
  readonly level: Level;
  readonly stats: { readonly memoryPeakBytes: number | null; readonly pids: number | null };
  /** The broker's reading of the cgroup: of the jail, where there is one. */
  readonly cgroup: Evidence["cgroup"];
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** How much the probe says that it used; undefined if it could not report. */
  readonly had: number | undefined;
}
