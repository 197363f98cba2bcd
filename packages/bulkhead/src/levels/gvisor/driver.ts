import type { Broker } from "../../broker/broker.js";
import type { Stats } from "../../broker/messages.js";
import type { Driver, Running } from "../driver.js";

/** Launches jails of `runsc`, and does not present counts from outside as counts of the workload. */
export function gvisorDriver(broker: Broker): Driver {
  return { launch: (plan) => withOwnCounts(broker.launch(plan)) };
}

/** The broker counts the Sentry's threads; a refusal of a process inside is not visible from outside. */
function withOwnCounts(running: Running): Running {
  const ended = running.ended.then((end) => ({ ...end, stats: known(end.stats) }));
  ended.catch(() => undefined);
  return {
    id: running.id,
    transport: running.transport,
    launched: running.launched,
    ended,
    kill: () => running.kill(),
    release: () => running.release(),
    keepAlive: (alive) => running.keepAlive?.(alive),
    stats: async () => known(await running.stats()),
    evidence: () => running.evidence(),
    pause: () => running.pause(),
    resume: () => running.resume(),
  };
}

function known(stats: Stats): Stats {
  return { ...stats, pids: null, pidsExceeded: null };
}
