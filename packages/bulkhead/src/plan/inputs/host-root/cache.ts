import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { type Findings, fingerprintOf, stateOf } from "./look.js";

/** Part of every file: incremented when the same machine would give another result. */
const RULES = 2;
/** Within one process, files are checked again only after this time. */
const FRESH_MS = 1000;

let last: { readonly findings: Findings; readonly until: number } | undefined;

/**
 * The stored findings, if nothing examined has changed since: asks for the times of each file and directory again,
 * which takes a millisecond or two. The file is the caller's own, in its own directory; a user who could write there
 * could also change the caller's programs.
 */
export function examined(examine: () => Findings): Findings {
  const now = performance.now();
  if (last !== undefined && now < last.until) return last.findings;
  const stored = last?.findings ?? read();
  const findings = stored !== undefined && holds(stored) ? stored : remember(examine());
  last = { findings, until: now + FRESH_MS };
  return findings;
}

function holds({ marks }: Findings): boolean {
  return Object.entries(marks).every(([path, fingerprint]) => {
    const stat = stateOf(path);
    return stat !== undefined && fingerprintOf(stat) === fingerprint;
  });
}

function file(): string {
  const chosen = process.env["XDG_CACHE_HOME"];
  const base = chosen !== undefined && isAbsolute(chosen) ? chosen : join(homedir(), ".cache");
  return join(base, "bulkhead", "host-root.json");
}

function read(): Findings | undefined {
  try {
    const stored: unknown = JSON.parse(readFileSync(file(), "utf8"));
    return isStored(stored) ? stored.findings : undefined;
  } catch {
    return undefined;
  }
}

/** Best effort: without a stored result the next process examines again, with the same outcome. */
function remember(findings: Findings): Findings {
  try {
    mkdirSync(dirname(file()), { recursive: true, mode: 0o700 });
    const fresh = `${file()}.${process.pid}`;
    writeFileSync(fresh, JSON.stringify({ rules: RULES, findings }), { mode: 0o600 });
    renameSync(fresh, file());
  } catch {
    return findings;
  }
  return findings;
}

function isStored(value: unknown): value is { readonly findings: Findings } {
  if (typeof value !== "object" || value === null) return false;
  const { rules, findings } = value as { readonly rules?: unknown; readonly findings?: Partial<Findings> };
  const { shown, left, marks } = findings ?? {};
  return (
    rules === RULES && Array.isArray(shown) && shown.every(isShown) && Array.isArray(left) && isFingerprints(marks)
  );
}

/** A path in the file cannot cause any other bind mount. */
function isShown(path: unknown): boolean {
  return typeof path === "string" && /^\/(etc|var\/lib)\/[^/]/.test(path) && !path.split("/").includes("..");
}

function isFingerprints(marks: unknown): boolean {
  return (
    typeof marks === "object" &&
    marks !== null &&
    Object.values(marks).every((fingerprint) => typeof fingerprint === "string")
  );
}
