import { throwIfAborted } from "../errors/aborted.js";
import { now } from "../session/clock.js";
import type { Live } from "../session/live.js";
import { type Started, start } from "../session/start.js";
import { connectNetwork } from "./network.js";
import type { Launchable } from "./prepare/launchable.js";

/** A running sandbox with evidence from outside, in which no workload has run yet. */
export interface Standing extends Started {
  readonly prepared: Launchable;
}

/**
 * Launches a sandbox and makes it ready for programs. A failed launch leaves nothing behind.
 * `calledMs`: when the caller asked for it, for a trace.
 * @throws BulkheadError as launching does, and ABORTED
 */
export async function launch(
  prepared: Launchable,
  signal: AbortSignal | undefined,
  calledMs: number = now(),
): Promise<Standing> {
  if (signal?.aborted === true) prepared.discard();
  throwIfAborted("create", signal);
  const { driver, compiled } = prepared;
  const started = await start({ driver, plan: compiled.plan }, signal, async (live) => {
    live.trace?.describe(compiled.level, calledMs, false);
    await makeReady(prepared, live);
  });
  return { prepared, ...started };
}

/** The workload's surroundings must work before it runs: its egress, and the copies of host directories. */
async function makeReady({ egress, writeBack }: Launchable, live: Live): Promise<void> {
  const connected = egress === null ? undefined : connectNetwork(live, egress);
  connected?.catch(() => undefined);
  writeBack?.prepare(live);
  await live.running.launched;
  await connected;
  await writeBack?.begin(live);
}
