import { readGivenFile } from "../arguments/given-file.js";
import { requireArguments } from "../arguments/require.js";
import { hostPath } from "../arguments/values.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { LARGEST_RECORD } from "./envelope.js";

/**
 * Reads the text of a record for verification.
 * @throws BulkheadError PATH_UNUSABLE, RECORD_INVALID if it is far larger than any record
 */
export async function readRecord(path: string): Promise<string> {
  requireArguments("readRecord", ["path", hostPath, path]);
  const bytes = await readGivenFile(path, LARGEST_RECORD, ({ errno, ...why }) =>
    errno === undefined
      ? new BulkheadError("RECORD_INVALID", { path, ...why })
      : new BulkheadError("PATH_UNUSABLE", { path, errno, ...why }),
  );
  return bytes.toString("utf8");
}
