import type { Readable } from "node:stream";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { AT_ONCE, HOLES } from "./bounds.js";
import type { Changes } from "./changes.js";
import type { Report } from "./report.js";
import { solidBytes } from "./sparse.js";
import type { Staging } from "./staging.js";

/** Reads one file inside. */
export type ReadOne = (path: string) => Readable;

/** What is fetched of one directory. */
export interface Fetching {
  readonly at: string;
  readonly changes: Changes;
  readonly staging: Staging;
  /** Bytes of all files together, without holes: no honest inside has room for more. */
  readonly bytes: number;
  readonly report: Report;
  readonly failed: Set<string>;
}

/**
 * Brings what was changed inside into the staging directory; nothing else on the host is touched yet. Returns the names there, by path. How large a file is
 * said to be counts for nothing: what comes is counted.
 * @throws BulkheadError WRITE_BACK_FAILED, and what the channel throws
 */
export async function fetchChanges(fetching: Fetching, read: ReadOne): Promise<ReadonlyMap<string, string>> {
  const { at, changes, staging, bytes, report, failed } = fetching;
  const staged = new Map<string, string>();
  let left = bytes;
  let length = bytes * HOLES;

  async function* counted(path: string): AsyncGenerator<Buffer, void, void> {
    for await (const chunk of read(`${at}/${path}`) as AsyncIterable<Buffer>) {
      left -= solidBytes(chunk);
      length -= chunk.length;
      if (left < 0 || length < 0) {
        const detail = `more than ${bytes} bytes were changed`;
        throw new BulkheadError("WRITE_BACK_FAILED", { operation: "read", path: at, detail });
      }
      yield chunk;
    }
  }

  const fetchOne = async (path: string, { mode, mtimeMs }: { readonly mode: number; readonly mtimeMs: number }) => {
    try {
      staged.set(path, await staging.file(counted(path), mode, mtimeMs));
    } catch (error) {
      const code = error instanceof BulkheadError ? error.code : undefined;
      switch (code) {
        case "FILE_NOT_FOUND":
        case "FILE_NOT_DIRECTORY":
          // Removed since it was listed, by something that still runs: the host's stays until that is seen.
          break;
        case "FILE_DENIED":
          report.leave(path, "unreadable");
          break;
        case "FILE_IS_DIRECTORY":
        case "FILE_NOT_REGULAR":
          report.leave(path, "moved");
          break;
        default:
          throw error;
      }
      failed.add(path);
    }
  };

  const files = changes.files.entries();
  const worker = async () => {
    for (const [path, entry] of files) await fetchOne(path, entry);
  };
  // All of them are waited for, whatever happens: none may be at work in a directory that is closed.
  const results = await Promise.allSettled(Array.from({ length: AT_ONCE }, worker));
  const broken = results.find((result) => result.status === "rejected");
  if (broken !== undefined) throw broken.reason;
  for (const [path, { target = "" }] of changes.links) staged.set(path, await staging.link(target));
  return staged;
}
