import { closeSync, constants, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { ID_LOCKS } from "../contract/generated/ids.js";
import { BulkheadError } from "../errors/bulkhead-error.js";

/**
 * Opens the file whose locks say which ids are in use, for one helper. The warden locks one byte of it permanently, and
 * this process holds the lock as long as the file is open. So no id is assigned twice, however either process ends.
 * @throws BulkheadError UID_RANGE_EXHAUSTED
 */
export function openIds(): { readonly fd: number; close(): void } {
  try {
    mkdirSync(dirname(ID_LOCKS), { recursive: true, mode: 0o755 });
    const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants;
    const fd = openSync(ID_LOCKS, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
    let open = true;
    const close = () => {
      if (open) closeSync(fd);
      open = false;
    };
    return { fd, close };
  } catch (cause) {
    throw new BulkheadError("UID_RANGE_EXHAUSTED", { operation: "open", path: ID_LOCKS, cause });
  }
}
