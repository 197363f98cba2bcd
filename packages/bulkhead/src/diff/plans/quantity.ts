const BINARY = ["bytes", "KiB", "MiB", "GiB", "TiB"] as const;

/** Names of a plan's limits for people. */
const NAMES: Readonly<Record<string, string>> = {
  memoryBytes: "memory",
  pids: "processes and threads",
  milliCpus: "cpus",
  openFiles: "open files",
  fileBytes: "largest file",
  lockedBytes: "locked memory",
  addressSpaceBytes: "address space of each process",
  processes: "processes of the uid",
  sizeBytes: "size",
  shmBytes: "shared memory",
  outputBytes: "output",
  timeMs: "time",
  bytesPerSecond: "bandwidth (each second)",
  bytes: "bytes in all",
  idleMs: "idle time",
};

/** A field's name for people: `memory` for `memoryBytes`; most fields keep theirs. */
export function nameOf(field: string): string {
  return NAMES[field] ?? field;
}

/** An exact value for people, with its unit. */
export function written(field: string, value: unknown): string {
  if (value === undefined || value === null) return "none";
  if (typeof value === "string") return value;
  if (typeof value !== "number") return JSON.stringify(value);
  if (/bytes$|^bytesPerSecond$/i.test(field)) return bytes(value);
  if (field.endsWith("Ms")) return value % 1000 === 0 ? `${value / 1000} s` : `${value} ms`;
  if (field === "milliCpus") return String(value / 1000);
  return field === "mode" ? `0${value.toString(8)}` : String(value);
}

/** Uses the largest unit that keeps the value exact. */
function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (value !== 0 && value % 1024 === 0 && unit < BINARY.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value} ${BINARY[unit]}`;
}
