import type { Facts } from "./facts.js";

/** What this machine can enforce: what the broker saw (`facts`) and what the library can see cheaply. */
export interface HostReport {
  readonly facts: Facts;
  readonly architecture: string;
}

/** Makes the report from the facts that the broker sent in its `hello`. */
export function hostReport(facts: Facts): HostReport {
  return { facts, architecture: process.arch };
}
