import type { Launched } from "../broker/messages.js";
import { aborted, throwIfAborted } from "../errors/aborted.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import type { Driver } from "../levels/driver.js";
import type { Plan } from "../plan/schema.js";
import { Live } from "./live.js";

/** A plan, and the driver of its level. */
export interface Startable {
  readonly driver: Driver;
  readonly plan: Plan;
}

/** A running sandbox, and the broker's evidence about it. */
export interface Started {
  readonly live: Live;
  readonly launched: Launched;
}

/**
 * Launches a plan and waits until init runs. A failed launch leaves nothing behind. `accompany` starts as soon as the
 * launch is on its way, and must finish before any workload may run.
 * @throws BulkheadError as launching and `accompany` do, and ABORTED
 */
export async function start(
  { driver, plan }: Startable,
  signal: AbortSignal | undefined,
  accompany?: (live: Live) => Promise<void>,
): Promise<Started> {
  throwIfAborted("create", signal);
  const live = new Live(driver.launch(plan), plan.limits.pids);
  const abort = () => live.kill(aborted("create", signal));
  signal?.addEventListener("abort", abort, { once: true });
  try {
    await accompany?.(live);
    const launched = await live.running.launched;
    throwIfAborted("create", signal);
    return { live, launched };
  } catch (error) {
    // The caller never gets this sandbox, so it must not keep running.
    live.kill(new BulkheadError("SANDBOX_CLOSED", { operation: "create", cause: error }));
    await live.running.ended.catch(() => undefined);
    throwIfAborted("create", signal);
    throw error;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}
