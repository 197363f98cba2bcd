import { readFileSync } from "node:fs";

/** Identifies the current boot: results of trials may differ after the next one. */
export function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}
