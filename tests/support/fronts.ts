import { readdirSync, readFileSync } from "node:fs";

/** Of /proc/PID/status, by name. */
export type Status = Readonly<Record<string, string>>;

/** Of /proc/PID/status, without the space around values; undefined when the process is gone. */
function status(pid: number): Status | undefined {
  try {
    const lines = readFileSync(`/proc/${pid}/status`, "utf8").split("\n");
    return Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]),
    );
  } catch {
    return undefined;
  }
}

/**
 * The children of a broker that run as this user in its own namespaces; of root's those under a filter, since others
 * only hold a user namespace for a moment.
 */
export function frontsOf(broker: number, uid: number): readonly (readonly [number, Status])[] {
  const found = readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0);
  return found.flatMap((pid) => {
    const seen = status(pid);
    const child = seen?.["PPid"] === String(broker) && seen["NSpid"] === String(pid);
    if (!child || seen["Uid"]?.split("\t")[0] !== String(uid)) return [];
    return uid === 0 && seen["Seccomp"] === "0" ? [] : [[pid, seen] as const];
  });
}
