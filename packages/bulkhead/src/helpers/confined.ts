import { readFileSync } from "node:fs";
import { FIRST_HELPER_ID, HELPER_IDS } from "../contract/generated/ids.js";
import { BulkheadError } from "../errors/bulkhead-error.js";

/** Required fields of `/proc/PID/status`, for any caller. */
const WANTED: Readonly<Record<string, RegExp>> = {
  CapInh: /^0+$/,
  CapPrm: /^0+$/,
  CapEff: /^0+$/,
  CapBnd: /^0+$/,
  CapAmb: /^0+$/,
  NoNewPrivs: /^1$/,
  Seccomp: /^2$/,
};

/**
 * Checks a helper's confinement from outside before it receives anything hostile or secret. As root, it also checks
 * that the helper has its own uid.
 * @throws BulkheadError HELPER_FAILED
 */
export function requireConfined(pid: number, ownIds: boolean): void {
  const status = statusOf(pid);
  for (const [field, wanted] of Object.entries(WANTED)) {
    // A caller without CAP_SETPCAP cannot empty the bounding set; with no_new_privs that is harmless.
    if (field === "CapBnd" && !ownIds) continue;
    if (!wanted.test(status.get(field) ?? "")) throw notConfined(`${field} ${status.get(field)}`);
  }
  if (!ownIds) return;
  for (const field of ["Uid", "Gid"]) {
    const ids = (status.get(field) ?? "").split("\t").map(Number);
    if (
      ids.length !== 4 ||
      !ids.every((id) => id === ids[0] && id >= FIRST_HELPER_ID && id < FIRST_HELPER_ID + HELPER_IDS)
    )
      throw notConfined(`${field} ${ids.join(" ")}`);
  }
  if (status.get("Groups") !== "") throw notConfined(`Groups ${status.get("Groups")}`);
}

function statusOf(pid: number): ReadonlyMap<string, string> {
  try {
    const lines = readFileSync(`/proc/${pid}/status`, "latin1").split("\n");
    return new Map(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]));
  } catch (cause) {
    throw new BulkheadError("HELPER_LOST", { operation: "look at helper", cause });
  }
}

function notConfined(detail: string): BulkheadError {
  return new BulkheadError("HELPER_FAILED", { operation: "look at helper", detail });
}
