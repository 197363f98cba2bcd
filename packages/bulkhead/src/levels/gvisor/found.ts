import type { Counting } from "../../host/report.js";

/** A `runsc` that works here, and its features. */
export interface WorkingRunsc {
  readonly path: string;
  /** First line of its `--version`. */
  readonly version: string;
  readonly platform: Platform;
  /**
   * Recent enough to know `--directfs`, with which the Sentry would open host files itself, and to overlay a root with
   * a file of its own.
   */
  readonly directfs: boolean;
  /** How its kernel counts processes. */
  readonly counting: Counting;
}

/** How `runsc` intercepts the workload's system calls. */
export type Platform = "systrap" | "ptrace" | "kvm";
