import { expect, test } from "vitest";
import { isLeak } from "../soak/growth.js";
import { soak } from "../soak/soak.js";
import { exceptAt } from "../support/levels.js";
import { ms } from "../support/time.js";

await exceptAt({ microvm: "emulated machines take minutes; `npm run soak` has them" })((level) => {
  const launches = level === "gvisor" ? 24 : 90;
  // What is chosen repeats; when a kill meets it does not.
  const seed = 1;

  test(
    "a short soak: every limit hit, nothing wrong, nothing left, nothing grown",
    async () => {
      const outcome = await soak({ level, launches, seed, chaos: false });
      expect(outcome.problems).toEqual([]);
      expect(outcome).toMatchObject({ launches, lost: 0, kills: 0, workers: 1 });
      expect(outcome.growth.filter(isLeak)).toEqual([]);
    },
    ms(180_000),
  );

  test(
    "a short soak: processes killed at random, each use whole or lost by code, nothing left",
    async () => {
      const outcome = await soak({ level, launches, seed, chaos: true });
      expect(outcome.problems).toEqual([]);
      expect(outcome.launches).toBeGreaterThanOrEqual(launches);
      expect(outcome.kills).toBeGreaterThan(0);
    },
    ms(180_000),
  );
});
