import type { Level } from "../policy/level.js";
import type { FilesLeft } from "./files-left.js";

/** One run of the job. */
export interface JobRun {
  readonly level: Level;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
  readonly durationMs: number;
  /**
   * Peak memory of the whole sandbox, including the guest's kernel where there is one. Null if this host does not
   * measure it.
   */
  readonly memoryPeakBytes: number | null;
  /** Files left in the places that the job could write to. */
  readonly files: FilesLeft;
}
