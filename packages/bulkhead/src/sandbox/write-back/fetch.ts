import type { Readable } from "node:stream";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { solidBytes } from "../../session/host-files/sparse.js";
import type { Staging } from "../../session/host-files/staging.js";
import { AT_ONCE, HOLES } from "./bounds.js";
import type { Changes } from "./changes.js";
import type { Report } from "./report.js";

/** Reads one file inside. */
export type ReadOne = (path: string) => Readable;

/** Parameters for fetching one directory. */
export interface Fetching {
  readonly at: string;
  readonly changes: Changes;
  readonly staging: Staging;
  /** Total bytes of all files without holes: no honest sandbox has room for more. */
  readonly bytes: number;
  readonly report: Report;
  readonly failed: Set<string>;
}

/**
 * Fetches the sandbox's changes into the staging directory, and touches nothing else on the host. Returns the staged
 * names by path. It counts the bytes that arrive, whatever file size the sandbox reports.
 * @throws BulkheadError WRITE_BACK_FAILED, and as the channel does
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
          // A running program removed it after the listing; the host keeps its file until the next listing shows that.
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
  // Wait for all of them in any case: none may still work in a directory that is closed.
  const results = await Promise.allSettled(Array.from({ length: AT_ONCE }, worker));
  const broken = results.find((result) => result.status === "rejected");
  if (broken !== undefined) throw broken.reason;
  for (const [path, { target = "" }] of changes.links) staged.set(path, await staging.link(target));
  return staged;
}
