import type { LearnedAccess } from "../generalise.js";
import type { LearnedPorts } from "../ports.js";

/** Names of `linux/landlock.h`, without `LANDLOCK_ACCESS_FS_` and `LANDLOCK_ACCESS_NET_`. */
export interface LearnedLandlock {
  readonly handledAccessFs: readonly string[];
  /** Needs ABI 4. */
  readonly handledAccessNet: readonly string[];
  readonly ports: readonly { readonly port: number; readonly allowedAccess: readonly string[] }[];
  readonly rules: readonly { readonly path: string; readonly allowedAccess: readonly string[] }[];
}

const READ = ["READ_FILE", "READ_DIR"];
const LIST = ["READ_DIR"];
const EXECUTE = ["EXECUTE", "READ_FILE"];
const WRITE = [
  "WRITE_FILE",
  "TRUNCATE",
  "REFER",
  "MAKE_REG",
  "MAKE_DIR",
  "MAKE_SYM",
  "MAKE_SOCK",
  "MAKE_FIFO",
  "REMOVE_FILE",
  "REMOVE_DIR",
];
const BIND = "BIND_TCP";
const CONNECT = "CONNECT_TCP";
/** Handled, but never allowed. */
const NEVER = ["MAKE_CHAR", "MAKE_BLOCK"];

/** The rules as a Landlock ruleset, for programs that restrict themselves. TRUNCATE needs ABI 3, REFER ABI 2. */
export function learnedLandlock(access: LearnedAccess, { bind, connect }: LearnedPorts): LearnedLandlock {
  const allowed = new Map<string, Set<string>>();
  const allow = (paths: readonly string[], rights: readonly string[]) => {
    for (const path of paths) allowed.set(path, new Set([...(allowed.get(path) ?? []), ...rights]));
  };
  allow(access.read, READ);
  allow(access.list, LIST);
  allow(access.write, WRITE);
  allow(access.execute, EXECUTE);
  allow(["/dev"], [...READ, "WRITE_FILE"]);
  const ports = [...new Set([...bind, ...connect])].sort((a, b) => a - b);
  return {
    handledAccessNet: [BIND, CONNECT],
    ports: ports.map((port) => ({
      port,
      allowedAccess: [...(bind.includes(port) ? [BIND] : []), ...(connect.includes(port) ? [CONNECT] : [])],
    })),
    handledAccessFs: [...new Set([...READ, ...EXECUTE, ...WRITE, ...NEVER])],
    rules: [...allowed]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([path, rights]) => ({ path, allowedAccess: [...rights] })),
  };
}
