import type { Socket } from "node:net";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Plan } from "../../plan/schema.js";
import { FirecrackerLink } from "./firecracker/link.js";
import type { MonitorLink } from "./monitor.js";
import { QemuLink } from "./qemu/link.js";

export type MonitorKind = "qemu" | "firecracker";

/** The monitor in the jail of a plan. @throws BulkheadError SNAPSHOT_INVALID for a plan of another origin */
export function monitorOf({ payload }: Plan): MonitorKind {
  const kind = payload.kind === "program" ? payload.argv[2] : undefined;
  if (kind === "qemu" || kind === "firecracker") return kind;
  throw new BulkheadError("SNAPSHOT_INVALID", { operation: "read plan", detail: "monitor" });
}

export function linkTo(plan: Plan, monitor: Socket, state: Socket): MonitorLink {
  switch (monitorOf(plan)) {
    case "qemu":
      return new QemuLink(plan, monitor, state);
    case "firecracker":
      return new FirecrackerLink(plan, monitor, state);
  }
}
