import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { busybox } from "../environment.js";
import type { Subject } from "../subject.js";
import { spawned } from "../subjects/spawned.js";

/** The same work without a wall, in a directory on a tmpfs if there is one, because a sandbox's /work is one. */
export async function outside(script: string): Promise<Subject> {
  const shared = await mkdtemp("/dev/shm/bulkhead-bench-").catch(() => mkdtemp(join(tmpdir(), "bulkhead-bench-")));
  const argv = [busybox, "sh", "-c", `cd ${shared} && ${script}`];
  return spawned("outside", argv, () => rm(shared, { recursive: true, force: true }));
}
