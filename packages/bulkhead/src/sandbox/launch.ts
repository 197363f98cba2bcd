import type { Launched } from "../broker/messages.js";
import { aborted, throwIfAborted } from "../errors/aborted.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { Live } from "./live.js";
import { connectNetwork } from "./network.js";
import type { Prepared } from "./prepare.js";

/** A running sandbox with evidence from outside, in which no workload has run yet. */
export interface Standing {
  readonly prepared: Prepared;
  readonly live: Live;
  readonly launched: Launched;
}

/**
 * Launches a sandbox and makes it ready for programs. A failed launch leaves nothing behind.
 * @throws BulkheadError as launching does, and ABORTED
 */
export async function launch(prepared: Prepared, signal: AbortSignal | undefined): Promise<Standing> {
  if (signal?.aborted === true) prepared.discard();
  throwIfAborted("create", signal);
  const { plan } = prepared.compiled;
  const live = new Live(prepared.driver.launch(plan), plan.limits.pids);
  const abort = () => live.kill(aborted("create", signal));
  signal?.addEventListener("abort", abort, { once: true });
  try {
    const connected = prepared.egress === null ? undefined : connectNetwork(live, prepared.egress);
    connected?.catch(() => undefined);
    prepared.writeBack?.prepare(live);
    const launched = await live.running.launched;
    await connected;
    await prepared.writeBack?.begin(live);
    throwIfAborted("create", signal);
    return { prepared, live, launched };
  } catch (error) {
    // The caller has no handle to it, so it must not keep running.
    live.kill(new BulkheadError("SANDBOX_CLOSED", { operation: "create", cause: error }));
    await live.running.ended.catch(() => undefined);
    throwIfAborted("create", signal);
    throw error;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}
