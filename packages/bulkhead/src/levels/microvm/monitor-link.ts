import type { Socket } from "node:net";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Plan } from "../../plan/schema.js";
import type { SavedFile } from "../driver.js";
import { FirecrackerLink } from "./firecracker/link.js";
import { QemuLink } from "./qemu/link.js";

/**
 * The library's end of a machine's monitor: what is asked of it, whichever it is. It stands on hostile ground, so every request has
 * a time limit, and its answers mean nothing but success or failure.
 */
export interface MonitorLink {
  /** Has the machine boot; or load what it goes on from, and stand still. @throws BulkheadError VMM_FAILED, VMM_PROTOCOL_VIOLATION */
  start(): Promise<void>;
  /** Lets a machine run that stands still. @throws BulkheadError as `start` */
  resume(): Promise<void>;
  /** Stops the machine and writes a copy of it to new files, `file` and those beside it; `most` bounds their bytes. @throws BulkheadError as `start` */
  save(file: string, most: number): Promise<readonly SavedFile[]>;
}

export type MonitorKind = "qemu" | "firecracker";

/** Which monitor the jail of a plan holds. @throws BulkheadError SNAPSHOT_INVALID for a plan that is none of ours */
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
