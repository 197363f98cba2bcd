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
  /** The filter may kill it. */
  readonly mayBeKilled?: boolean;
  /** What the probe reports is allowed in any case, and only what is outside decides. */
  readonly outsideOnly?: boolean;
  readonly tty?: boolean;
  /** In a sandbox of its own, with this policy. */
  readonly policy?: Policy;
  /** Outside, after it: why the protection did not hold. */
  readonly judge?: (outside: Outside) => string | undefined;
}

/** What is known from outside after an attempt. */
export interface Outside {
  readonly level: Level;
  readonly stats: { readonly memoryPeakBytes: number | null; readonly pids: number | null };
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** What the probe said, of its own doings. */
  readonly detail: string;
}
