import type { Level } from "bulkhead";
import { reportHost } from "bulkhead/host";
import { LEVELS_UNDER_TEST } from "./levels.js";

/**
 * The runsc of Debian 12, which the tests run with where no newer one can be built: its terminals have one size, and
 * nothing in the foreground.
 */
const DEBIAN_12 = "runsc version 0.0~20221219";

const lack = await lackOfRunsc();

/** Why terminals at a level lack job control, keys that act and a second size; undefined where they do not. */
export function lackOfTerminals(level: Level): string | undefined {
  return level === "gvisor" ? lack : undefined;
}

async function lackOfRunsc(): Promise<string | undefined> {
  if (!LEVELS_UNDER_TEST.includes("gvisor")) return undefined;
  const { by } = await reportHost({ tryLevels: true });
  return by?.gvisor?.startsWith(DEBIAN_12) === true ? `not with ${DEBIAN_12}` : undefined;
}
