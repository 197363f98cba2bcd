import type { Broker } from "../../broker/broker.js";
import type { Stats } from "../../broker/messages.js";
import type { Driver, Running } from "../driver.js";

/** Launches jails of `runsc`, and does not pass off what is counted outside as what goes on inside. */
export function gvisorDriver(broker: Broker): Driver {
  return { launch: (plan) => withOwnCounts(broker.launch(plan)) };
}

/** What the broker counts there are threads of the Sentry; that a process was refused inside is known to nobody outside. */
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
