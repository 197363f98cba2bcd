import { readGivenFile } from "../arguments/given-file.js";
import { requireArguments } from "../arguments/require.js";
import { hostPath } from "../arguments/values.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { LARGEST_RECORD } from "./envelope.js";

/** The text of a record, to be verified. @throws BulkheadError PATH_UNUSABLE, RECORD_INVALID when it is far larger than records are */
export async function readRecord(path: string): Promise<string> {
  requireArguments("readRecord", ["path", hostPath, path]);
  const bytes = await readGivenFile(path, LARGEST_RECORD, ({ errno, ...why }) =>
    errno === undefined
      ? new BulkheadError("RECORD_INVALID", { path, ...why })
      : new BulkheadError("PATH_UNUSABLE", { path, errno, ...why }),
  );
  return bytes.toString("utf8");
}
