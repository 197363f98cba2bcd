import { run } from "bulkhead";
import { images } from "bulkhead/images";
import { afterAll, beforeAll, expect, it } from "vitest";
import { TemporaryDirectory } from "../support/temporary.js";
import { baseLayer } from "./support/base-layer.js";
import { LayoutWriter } from "./support/layout.js";
import { tar } from "./support/tar.js";

const name = "localhost/tool:v1";
let temporary: TemporaryDirectory;

beforeAll(async () => {
  temporary = await TemporaryDirectory.create("again");
  process.env["BULKHEAD_STORE"] = temporary.join("store");
});
afterAll(async () => {
  delete process.env["BULKHEAD_STORE"];
  await temporary[Symbol.asyncDispose]();
});

async function tag(says: string): Promise<void> {
  const writer = await LayoutWriter.create(temporary.join(says));
  await writer.index(await writer.image([baseLayer(), tar({ name: "says", data: says })]));
  await images.import(`oci:${writer.path}`, name);
}

async function says(): Promise<string> {
  return (await run(["cat", "/says"], { image: name })).stdout;
}

it("a name that means another image from now on is followed at once", async () => {
  await tag("one");
  expect([await says(), await says()]).toEqual(["one", "one"]);
  await tag("two");
  expect([await says(), await says()]).toEqual(["two", "two"]);
});

it("holds nothing without a sandbox, and does not run an image that was removed", async () => {
  await tag("three");
  expect(await says()).toBe("three");
  expect((await images.list()).images).toMatchObject([{ inUse: false }]);
  await images.remove([name]);
  await expect(run(["cat", "/says"], { image: name }, { images: { pull: "never" } })).rejects.toMatchObject({
    code: "IMAGE_NOT_LOCAL",
  });
});
