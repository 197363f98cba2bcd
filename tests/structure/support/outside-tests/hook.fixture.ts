import { afterAll, test } from "vitest";

afterAll(() => {
  throw new Error("the hook broke");
});
test("passes", () => undefined);
