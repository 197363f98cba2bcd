import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { pidNamespace, startTime } from "./process-identity.js";

/**
 * A name that identifies the process working on something, so that others can tell when it is gone: its pid, its start
 * time (pids are reused), its pid namespace, and the boot.
 */
const TOKEN = /^(\d+)-(\d+)-(\d+)-([0-9a-f]{8})-[0-9a-f]{16}$/;

/** Creates a new name for this process. */
export function newToken(): string {
  const random = randomBytes(8).toString("hex");
  return `${process.pid}-${startTime(process.pid) ?? 0}-${pidNamespace()}-${boot()}-${random}`;
}

/**
 * Whether the process that created the name is certainly gone. A process of another pid namespace on the same boot (a
 * container that shares the store) cannot be looked up, so it counts as alive.
 */
export function isAbandoned(name: string): boolean {
  const [, pid, started, namespace, bootId] = TOKEN.exec(name) ?? [];
  if (pid === undefined) return false;
  if (bootId !== boot()) return true;
  return namespace === pidNamespace() && startTime(Number(pid)) !== started;
}

/** Identifies the current boot of the machine. */
export function boot(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").slice(0, 8);
}
