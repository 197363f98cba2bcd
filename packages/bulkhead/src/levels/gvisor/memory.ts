import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { bootId } from "../../host/boot-id.js";
import type { Found, Platform } from "./found.js";

const PLATFORMS: readonly string[] = ["systrap", "ptrace", "kvm"] satisfies readonly Platform[];

/** What trying a program came to. */
export type Verdict = Omit<Found, "path">;

/** What trying came to is true until the machine boots again or the program is another one. */
export function recall(path: string): Verdict | undefined {
  try {
    const kept: unknown = JSON.parse(readFileSync(fileOf(path), "utf8"));
    if (typeof kept !== "object" || kept === null || !("key" in kept) || kept.key !== keyOf(path)) return undefined;
    const verdict = "verdict" in kept ? kept.verdict : undefined;
    return isVerdict(verdict) ? verdict : undefined;
  } catch {
    return undefined;
  }
}

/** Where nothing can be kept, the next one tries again. */
export function remember(path: string, verdict: Verdict): void {
  const file = fileOf(path);
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const own = `${file}.${process.pid}`;
    writeFileSync(own, JSON.stringify({ key: keyOf(path), path, verdict }), { mode: 0o600 });
    renameSync(own, file);
  } catch {
    return;
  }
}

/** The file itself is not read: 80 MB at each launch would cost more than the launch. */
function keyOf(path: string): string {
  const { dev, ino, size, mtimeMs, ctimeMs } = statSync(path);
  return [bootId(), dev, ino, size, mtimeMs, ctimeMs, "2"].join(" ");
}

function fileOf(path: string): string {
  const state = process.env["XDG_STATE_HOME"];
  const base = state !== undefined && isAbsolute(state) ? state : join(homedir(), ".local", "state");
  return join(base, "bulkhead", "tried", `runsc-${Buffer.from(path).toString("base64url").slice(-100)}.json`);
}

function isVerdict(value: unknown): value is Verdict {
  if (typeof value !== "object" || value === null) return false;
  const { version, platform, directfs } = value as Readonly<Record<keyof Found, unknown>>;
  const known = typeof platform === "string" && PLATFORMS.includes(platform);
  return typeof version === "string" && known && typeof directfs === "boolean";
}
