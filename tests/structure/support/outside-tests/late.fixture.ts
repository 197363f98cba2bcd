import { test } from "vitest";

test("passes", async () => {
  setTimeout(() => {
    throw new Error("too late");
  }, 1);
  await new Promise((resolve) => setTimeout(resolve, 50));
});
