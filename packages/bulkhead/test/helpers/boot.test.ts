import { expect, it } from "vitest";
import { codeCachePath } from "../../src/helpers/boot.js";

it("takes cached code of this Node on this processor, and for no other program", () => {
  const mine = codeCachePath("/dist/helpers/reader.cjs", process.execPath);
  expect(mine).toBe(`/dist/helpers/reader.${process.version}-${process.arch}.cache`);
  expect(codeCachePath("/dist/helpers/reader.cjs", "/opt/other/node")).toBeUndefined();
});
