import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { unpackerPath } from "../../host/locate.js";
import { unavailable } from "../store/location.js";
import type { Store } from "../store/store.js";

/**
 * Puts trees on the disk, all that are not there at once: each by itself would wait for what others write on the same file system as often as an image has
 * layers. Nothing of an image is read for that, so it needs no sandbox. Throws IMAGE_STORE_UNAVAILABLE.
 */
export async function flushTrees(store: Store, keys: readonly string[]): Promise<void> {
  const fresh = store.unflushed(keys);
  if (fresh.length === 0) return;
  await promisify(execFile)(unpackerPath(), ["--flush", store.path]).catch((error: unknown) => {
    const code = error instanceof Error && "code" in error ? String(error.code) : "failed";
    throw unavailable(store.path, { detail: `flush: ${code}` });
  });
  await store.confirm(fresh);
}
