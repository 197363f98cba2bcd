import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { unpackerPath } from "../../host/locate.js";
import { unavailable } from "../store/location.js";
import type { Store } from "../store/store.js";

/**
 * Flushes trees to disk, all at once: separate flushes would wait for other writers on the same file system once per
 * layer. Reads nothing of an image, so it needs no sandbox. Throws IMAGE_STORE_UNAVAILABLE.
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
