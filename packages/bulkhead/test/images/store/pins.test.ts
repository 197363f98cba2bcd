import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newToken } from "../../../src/host/owner-token.js";
import { Pins } from "../../../src/images/store/pins.js";

let directory = "";
let pins: Pins;
const dead = () => newToken().replace(/^(\d+)-\d+/, "$1-1");

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-test-pins-"));
  for (const name of ["pins", "condemned"]) await mkdir(join(directory, name));
  pins = new Pins(join(directory, "pins"), join(directory, "condemned"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe("Pins", () => {
  it("protect the named images from deletion, and no others", async () => {
    await pins.hold("a");
    await pins.hold("a");
    expect(await readdir(join(directory, "pins"))).toHaveLength(1);
    expect(await pins.startDeletion("a")).toBeUndefined();
    (await pins.startDeletion("b"))?.[Symbol.dispose]();
    expect(await readdir(join(directory, "condemned"))).toEqual([]);
  });

  it("are let go", async () => {
    {
      using _ = await pins.holdFor("a");
      expect(pins.isHeld("a")).toBe(true);
    }
    expect(pins.isHeld("a")).toBe(false);
  });

  it("protect the parts of the named images until their last user releases them", async () => {
    const first = await pins.use("image", ["one", "two"]);
    const second = await pins.use("image", ["one", "two"]);
    expect(await pins.startDeletion("two")).toBeUndefined();
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    expect([pins.isHeld("one"), pins.isHeld("image"), pins.isHeld("on")]).toEqual([true, true, false]);
    second[Symbol.dispose]();
    expect(pins.isHeld("one")).toBe(false);
    expect(await readdir(join(directory, "pins"))).toEqual([]);
  });

  it("hold everything as long as they are only half written", async () => {
    await writeFile(join(directory, "pins", `image.${newToken()}`), "one\n");
    expect(pins.isHeld("two")).toBe(true);
  });

  it("wait as long as the data is being deleted", async () => {
    const deletion = await pins.startDeletion("a");
    let held = false;
    const holding = pins.hold("a").then(() => {
      held = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(held).toBe(false);
    deletion?.[Symbol.dispose]();
    await holding;
    expect(held).toBe(true);
  });

  it("of dead processes hold nothing, and are swept", async () => {
    await writeFile(join(directory, "pins", `a.${dead()}`), "");
    await writeFile(join(directory, "condemned", `a.${dead()}`), "");
    expect(pins.isHeld("a")).toBe(false);
    await pins.hold("a");
    pins.sweep();
    expect([await readdir(join(directory, "pins")), await readdir(join(directory, "condemned"))].flat()).toHaveLength(
      1,
    );
  });

  it("and a deletion in the same moment: never both", async () => {
    for (let round = 0; round < 40; round += 1) {
      const what = `race-${round}`;
      let held = false;
      const begin = [
        () => pins.startDeletion(what),
        async () => {
          const pin = await pins.holdFor(what);
          held = true;
          return pin;
        },
      ] as const;
      const [deleting, holding] = round % 2 === 0 ? [begin[0](), begin[1]()] : [begin[1](), begin[0]()].reverse();
      const deletion = await deleting;
      if (deletion !== undefined) {
        await new Promise((resolve) => setTimeout(resolve, 25));
        expect(held).toBe(false);
        deletion[Symbol.dispose]();
      }
      (await holding)?.[Symbol.dispose]();
    }
  });
});
