import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { pidNamespace, startTime } from "./process-identity.js";

/**
 * Names what a process is working on so that others can tell, once it is gone, that nobody will finish it: its pid, when
 * that pid was started (pids are used again), which pid namespace it counts in, and which boot.
 */
const TOKEN = /^(\d+)-(\d+)-(\d+)-([0-9a-f]{8})-[0-9a-f]{16}$/;

/** A new name of this process's. */
export function newToken(): string {
  const random = randomBytes(8).toString("hex");
  return `${process.pid}-${startTime(process.pid) ?? 0}-${pidNamespace()}-${boot()}-${random}`;
}

/**
 * Whether whoever made the name is certainly gone. A process of another pid namespace on the same boot (a container that shares
 * the store) cannot be looked up, so it counts as alive.
 */
export function isAbandoned(name: string): boolean {
  const [, pid, started, namespace, bootId] = TOKEN.exec(name) ?? [];
  if (pid === undefined) return false;
  if (bootId !== boot()) return true;
  return namespace === pidNamespace() && startTime(Number(pid)) !== started;
}

/** Which boot of the machine this is. */
export function boot(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").slice(0, 8);
}
