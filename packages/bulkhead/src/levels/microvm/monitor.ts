import type { SavedFile } from "../driver.js";

/**
 * The library's end of a machine's monitor, the same for every monitor. The monitor may be compromised, so every
 * request has a time limit, and its answers are taken only as success or failure.
 */
export interface MonitorLink {
  /**
   * Boots the machine; or loads its saved state and leaves it paused.
   * @throws BulkheadError VMM_FAILED, VMM_PROTOCOL_VIOLATION
   */
  start(): Promise<void>;
  /** Resumes a paused machine. @throws BulkheadError as `start` */
  resume(): Promise<void>;
  /**
   * Pauses the machine and writes a copy of it to new files, `file` and others beside it; `most` bounds their bytes.
   * @throws BulkheadError as `start`
   */
  save(file: string, most: number): Promise<readonly SavedFile[]>;
}
