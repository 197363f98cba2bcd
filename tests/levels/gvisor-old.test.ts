import { existsSync } from "node:fs";
import { describe, test } from "vitest";
import { isRequired } from "../support/levels.js";
import { gvisorCases } from "./support/gvisor.js";

/** Debian 12's is of December 2022: no systrap, no ambient capabilities, other defaults. */
const DISTRIBUTIONS = "/usr/bin/runsc";

if (existsSync(DISTRIBUTIONS)) {
  process.env["BULKHEAD_RUNSC"] = DISTRIBUTIONS;
  await gvisorCases("the distribution's runsc");
} else if (isRequired("gvisor")) {
  test("the distribution's runsc is required here", () => {
    throw new Error(`there is no ${DISTRIBUTIONS}`);
  });
} else {
  describe.skip(`the distribution's runsc (skipped: there is no ${DISTRIBUTIONS})`, () => {
    test("is here", () => undefined);
  });
}
