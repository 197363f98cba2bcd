import type { OwnerMaxima } from "bulkhead/host";

const MIB = 1024 * 1024;

/** The owner's maxima in one line. */
export function saidMaxima({ memoryBytes, pids, milliCpus, sandboxes }: OwnerMaxima): string {
  return [
    memoryBytes === null ? undefined : `memory ${Math.floor(memoryBytes / MIB)}MiB`,
    pids === null ? undefined : `${pids} processes`,
    milliCpus === null ? undefined : `${milliCpus / 1000} cpus`,
    sandboxes === null ? undefined : `${sandboxes} sandboxes of one user at once`,
  ]
    .filter((part) => part !== undefined)
    .join(", ");
}
