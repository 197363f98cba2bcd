import { expect, it } from "vitest";
import { CATALOGUE } from "../../src/verify/catalogue.js";
import { ANSWERED_BY_SENTRY } from "../../src/verify/sentry.js";

it("what a Sentry may answer as it likes names attempts that there are", () => {
  const titles = new Set(CATALOGUE.map(({ title }) => title));
  expect([...ANSWERED_BY_SENTRY.keys()].filter((title) => !titles.has(title))).toEqual([]);
});
