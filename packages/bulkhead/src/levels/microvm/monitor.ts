import type { SavedFile } from "../driver.js";

/**
 * The library's end of a machine's monitor: what is asked of it, whichever it is. It stands on hostile ground, so every request has
 * a time limit, and its answers mean nothing but success or failure.
 */
export interface MonitorLink {
  /** Has the machine boot; or load what it goes on from, and stand still. @throws BulkheadError VMM_FAILED, VMM_PROTOCOL_VIOLATION */
  start(): Promise<void>;
  /** Lets a machine run that stands still. @throws BulkheadError as `start` */
  resume(): Promise<void>;
  /** Stops the machine and writes a copy of it to new files, `file` and those beside it; `most` bounds their bytes. @throws BulkheadError as `start` */
  save(file: string, most: number): Promise<readonly SavedFile[]>;
}
