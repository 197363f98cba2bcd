import { closeSync, constants, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { BulkheadError } from "../errors/bulkhead-error.js";

/**
 * The first helper uid, their number, and their lock file: as in `warden/sys/src/helper_ids.rs`, which a test compares.
 */
export const FIRST_ID = 0x7ffd_0000;
export const IDS = 0x1_0000;
export const LOCKS = "/run/bulkhead/uid-ranges";

/**
 * Opens the file whose locks say which ids are in use, for one helper. The warden locks one byte of it permanently, and
 * this process holds the lock as long as the file is open. So no id is assigned twice, however either process ends.
 * @throws BulkheadError UID_RANGE_EXHAUSTED
 */
export function openIds(): { readonly fd: number; close(): void } {
  try {
    mkdirSync(dirname(LOCKS), { recursive: true, mode: 0o755 });
    const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants;
    const fd = openSync(LOCKS, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
    let open = true;
    const close = () => {
      if (open) closeSync(fd);
      open = false;
    };
    return { fd, close };
  } catch (cause) {
    throw new BulkheadError("UID_RANGE_EXHAUSTED", { operation: "open", path: LOCKS, cause });
  }
}
