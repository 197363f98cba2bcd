import type { Broker } from "../broker/broker.js";
import { type HostReport, hostReport } from "../host/report.js";
import { defined } from "../values/defined.js";
import { maximaOf } from "./maxima.js";

const reports = new WeakMap<Broker, HostReport>();

/** The host of a broker, as its `hello` described it. */
export function reportOf(broker: Broker): HostReport {
  const maxima = maximaOf(broker.limits);
  const report = reports.get(broker) ?? { ...hostReport(broker.facts), ...defined({ maxima }) };
  reports.set(broker, report);
  return report;
}
