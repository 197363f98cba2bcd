import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** What the kernel says of a process. */
export interface Seen {
  readonly pid: number;
  readonly uid: number;
  readonly effective: string;
  readonly seccomp: string;
  readonly noNewPrivs: string;
}

export function lookAt(pid: number): Seen {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  const field = (name: string) => new RegExp(`^${name}:\\s+(\\S+)`, "m").exec(status)?.[1] ?? "";
  return {
    pid,
    uid: Number(field("Uid")),
    effective: field("CapEff"),
    seccomp: field("Seccomp"),
    noNewPrivs: field("NoNewPrivs"),
  };
}

/** Inodes of this host's TCP sockets that are connected to `port`, whichever network they are of. */
export function socketsTo(port: number): ReadonlySet<string> {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  const rows = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((path) => readFileSync(path, "latin1").split("\n").slice(1));
  const found = rows.map((row) => row.trim().split(/\s+/)).filter(([, , remote]) => remote?.endsWith(`:${wanted}`));
  return new Set(found.map((columns) => columns[9] ?? "").filter((inode) => inode !== "" && inode !== "0"));
}

/** Sockets that a process has open, by inode. */
export function socketsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      return inode === undefined ? [] : [inode];
    });
  } catch {
    // It has ended meanwhile.
    return [];
  }
}

/** Processes that have one of these sockets open. */
export function holdersOf(inodes: ReadonlySet<string>): readonly number[] {
  return pids().filter((pid) => socketsOf(pid).some((inode) => inodes.has(inode)));
}

/** The gates that `parent` has started. */
export function gatesOf(parent: number): readonly number[] {
  return pids().filter((pid) => {
    try {
      const [, after = ""] = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ");
      const words = readFileSync(`/proc/${pid}/cmdline`, "latin1");
      return Number(after.split(" ")[1]) === parent && words.includes("gate.cjs");
    } catch {
      return false;
    }
  });
}

function pids(): readonly number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0);
}
