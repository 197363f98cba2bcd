import type { Counting } from "../../host/report.js";

/** A `runsc` that works here, and what it can do. */
export interface Found {
  readonly path: string;
  /** Its own first line. */
  readonly version: string;
  readonly platform: Platform;
  /** It is recent enough to know `--directfs`, by which the Sentry would open files of the host itself, and to lay a file of its own over a root. */
  readonly directfs: boolean;
  /** By what its kernel counts processes. */
  readonly counting: Counting;
}

/** How `runsc` catches the workload's system calls. */
export type Platform = "systrap" | "ptrace" | "kvm";
