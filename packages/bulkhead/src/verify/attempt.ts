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

/** One attempt to get out: plain data. What it would gain is harmless: it aims at what the arena made for it, or asks with arguments that cannot do harm. */
export interface Attempt {
  readonly class: AttemptClass;
  readonly title: string;
  /** The line of the enforcement table that is false when it succeeds. */
  readonly protection: Protection;
  /** What the probe is called with. */
  readonly argv: readonly string[] | ((arena: Arena) => readonly string[]);
  readonly cve?: string;
  /** The filter or a limit may kill it, and with it its sandbox. Of any other attempt that is a failure: nobody knows what it got before. */
  readonly mayBeKilled?: boolean;
  /** What the probe reports is allowed in any case, and only what is outside decides. */
  readonly outsideOnly?: boolean;
  readonly tty?: boolean;
  /** In a sandbox of its own, with this policy. Where that is refused for what it requires, nothing is claimed. */
  readonly policy?: Policy;
  /** Outside, after it: why the protection did not hold. */
  readonly judge?: (outside: Outside) => string | undefined;
}

/** What is known from outside after an attempt. */
export interface Outside {
  readonly level: Level;
  readonly stats: { readonly memoryPeakBytes: number | null; readonly pids: number | null };
  /** What the broker reads of the control group: of the jail, where there is one. */
  readonly cgroup: Evidence["cgroup"];
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** How much the probe says that it had; undefined: it did not come to say. */
  readonly had: number | undefined;
}
