import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, test } from "vitest";
import { isRequired } from "../support/levels.js";
import { gvisorCases } from "./support/gvisor.js";

/**
 * The distribution's, where set-up unpacks it without installing it, or installed. Debian 12's is of December 2022: no
 * systrap, no ambient capabilities, other defaults. Debian 13's, of July 2024, counts processes by user.
 */
const PLACES = [fileURLToPath(new URL("../../.setup/runsc/usr/bin/runsc", import.meta.url)), "/usr/bin/runsc"];
const distributions = PLACES.find(existsSync);

if (distributions !== undefined) {
  process.env["BULKHEAD_RUNSC"] = distributions;
  await gvisorCases("the distribution's runsc", ["enforced", "weaker"]);
} else if (isRequired("gvisor")) {
  test("the distribution's runsc is required here", () => {
    throw new Error(`it is at none of ${PLACES.join(", ")}`);
  });
} else {
  describe.skip(`the distribution's runsc (skipped: it is at none of ${PLACES.join(", ")})`, () => {
    test("is here", () => undefined);
  });
}
