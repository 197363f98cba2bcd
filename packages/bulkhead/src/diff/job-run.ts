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
  /** The most that the whole sandbox had at once; at levels with a kernel of their own that is in it. Null: nothing measures it. */
  readonly memoryPeakBytes: number | null;
  /** What it left in the places that it could write to. */
  readonly files: FilesLeft;
}
