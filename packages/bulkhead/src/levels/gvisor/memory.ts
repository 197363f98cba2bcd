import { statSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import type { Counting } from "../../host/report.js";
import { Trials } from "../../host/trials.js";
import type { Platform, WorkingRunsc } from "./found.js";

const PLATFORMS: readonly string[] = ["systrap", "ptrace", "kvm"] satisfies readonly Platform[];
const COUNTINGS: readonly string[] = ["cgroup2", "cgroup", "rlimit"] satisfies readonly Counting[];

/** Result of trying a program. */
export type Verdict = Omit<WorkingRunsc, "path">;

/** A result holds until the machine reboots or the program changes. */
export function recall(path: string): Verdict | undefined {
  return withKey(path, (key) => trials().recall(key));
}

/** If nothing can be stored, the next process tries again. */
export function remember(path: string, verdict: Verdict): void {
  withKey(path, (key) => trials().remember(key, verdict));
}

/** Does not read the file itself: 80 MB at each launch would cost more than the launch. */
function withKey<Result>(path: string, use: (key: string) => Result): Result | undefined {
  let key: string;
  try {
    const { dev, ino, size, mtimeMs, ctimeMs } = statSync(path);
    key = [path, dev, ino, size, mtimeMs, ctimeMs, "3"].join(" ");
  } catch {
    return undefined;
  }
  return use(key);
}

function trials(): Trials<Verdict> {
  const state = process.env["XDG_STATE_HOME"];
  const base = state !== undefined && isAbsolute(state) ? state : join(homedir(), ".local", "state");
  return new Trials(join(base, "bulkhead", "tried", "runsc.json"), isVerdict);
}

function isVerdict(value: unknown): value is Verdict {
  if (typeof value !== "object" || value === null) return false;
  const { version, platform, directfs, counting } = value as Readonly<Record<keyof WorkingRunsc, unknown>>;
  const known = typeof platform === "string" && PLATFORMS.includes(platform);
  const counts = typeof counting === "string" && COUNTINGS.includes(counting);
  return typeof version === "string" && known && typeof directfs === "boolean" && counts;
}
