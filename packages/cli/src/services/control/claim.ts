import { readlinkSync, symlinkSync, unlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { isAbandoned, newToken } from "bulkhead/host";

const POLL_MS = 20;

/**
 * Runs `action` while this process has the lock at `place()`, a symbolic link whose target names its owner. A link is
 * created with its target, so no lock is ever without an owner, and one whose owner was killed is recognised.
 *
 * @returns undefined if a living process kept the lock for `ms`
 */
export async function withLock<Value>(
  place: () => string,
  ms: number,
  action: () => Promise<Value>,
): Promise<Value | undefined> {
  const token = newToken();
  for (const until = performance.now() + ms; performance.now() < until; await sleep(POLL_MS)) {
    // Each time: a supervisor that ended may just have removed the empty directory.
    const lock = place();
    if (create(lock, token)) return await action().finally(() => remove(lock));
    const owner = ownerOf(lock);
    if (owner === undefined || !isAbandoned(owner)) continue;
    // Several may have seen the same dead owner: without a lock of its own, the slower would remove the faster's.
    await withLock(
      () => `${lock}.${owner}`,
      ms,
      async () => {
        if (ownerOf(lock) === owner) remove(lock);
      },
    );
  }
  return undefined;
}

function create(lock: string, token: string): boolean {
  try {
    symlinkSync(token, lock);
    return true;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EEXIST" || code === "ENOENT") return false;
    throw error;
  }
}

function ownerOf(lock: string): string | undefined {
  try {
    return readlinkSync(lock);
  } catch {
    return undefined;
  }
}

function remove(lock: string): void {
  try {
    unlinkSync(lock);
  } catch {
    // Someone has removed it by hand.
  }
}
