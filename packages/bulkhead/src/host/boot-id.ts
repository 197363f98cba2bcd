import { readFileSync } from "node:fs";

/** Which boot of this machine it is: what was found out by trying may be otherwise after the next one. */
export function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}
