import { requireArguments } from "../arguments/require.js";
import { hostPath, object, oneOf } from "../arguments/values.js";
import { Broker } from "../broker/broker.js";
import type { BrokerOptions } from "../broker/options.js";
import type { MissingRequirement } from "../host/missing.js";
import type { HostReport } from "../host/report.js";
import type { Tree } from "../levels/runtime.js";
import { runtimeFor } from "../levels/select.js";
import type { Level } from "../policy/level.js";
import { reportOf } from "../prepare/host.js";
import { defined } from "../values/defined.js";
import { diskOf } from "./prepare/sources.js";

/** Options of a host report. */
export interface ReportOptions extends BrokerOptions {
  /**
   * Tests the programs behind levels `gvisor` and `microvm`, which may take seconds; "again" also repeats tests already
   * made since the host booted.
   */
  readonly tryLevels?: boolean | "again";
}

const reportOptions = object<ReportOptions>({
  broker: hostPath,
  tryLevels: oneOf<boolean | "again">(true, false, "again"),
});

/** Reports what the broker's host can enforce. @throws BulkheadError BROKER_UNAVAILABLE, SETUP_MISSING */
export async function reportHost(options: ReportOptions = {}): Promise<HostReport> {
  requireArguments("reportHost", ["options", reportOptions, options]);
  const broker = await Broker.default(options.broker);
  const host = reportOf(broker);
  const { tryLevels = false } = options;
  if (tryLevels === false) return host;
  const imageOf = async (tree: Tree) => await diskOf(tree, host.facts.privileged, options);
  const tried: Partial<Record<Level, readonly MissingRequirement[]>> = {};
  const by: Partial<Record<Level, string>> = {};
  let counting: HostReport["counting"];
  for (const level of ["gvisor", "microvm"] as const) {
    const runtime = await runtimeFor(level, { broker, host, imageOf, again: tryLevels === "again" });
    tried[level] = runtime.missing;
    if (runtime.by !== undefined) by[level] = runtime.by;
    if (runtime.counting !== undefined) counting = runtime.counting;
  }
  return { ...host, tried, by, ...defined({ counting }) };
}
