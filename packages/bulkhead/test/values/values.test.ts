import { describe, expect, it } from "vitest";
import { deferred } from "../../src/values/deferred.js";
import { defined } from "../../src/values/defined.js";
import { WakeUp } from "../../src/values/wake-up.js";

describe("defined", () => {
  it("leaves out undefined fields, and no others", () => {
    const given: { a: number; b: string | undefined; c: null; d: boolean | undefined } = {
      a: 0,
      b: undefined,
      c: null,
      d: false,
    };
    const found: { readonly a: number; readonly b?: string; readonly c: null; readonly d?: boolean } = defined(given);
    expect(Object.entries(found)).toEqual([
      ["a", 0],
      ["c", null],
      ["d", false],
    ]);
  });
});

describe("deferred", () => {
  it("settles once, from outside", async () => {
    const { promise, resolve, reject } = deferred<number>();
    resolve(1);
    resolve(2);
    reject(new Error("too late"));
    expect(await promise).toBe(1);
  });

  it("may reject without a listener", async () => {
    const unhandled: unknown[] = [];
    const listener = (error: unknown) => unhandled.push(error);
    process.on("unhandledRejection", listener);
    try {
      const { promise, reject } = deferred();
      reject(new Error("nobody awaits this"));
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(unhandled).toEqual([]);
      await expect(promise).rejects.toThrow("nobody awaits this");
    } finally {
      process.off("unhandledRejection", listener);
    }
  });
});

describe("WakeUp", () => {
  it("ends the current wait, and not a later one", async () => {
    const news = new WakeUp();
    news.wake();
    const order: string[] = [];
    const first = news.wait().then(() => order.push("first"));
    news.wake();
    await first;
    void news.wait().then(() => order.push("second"));
    await new Promise((resolve) => setImmediate(resolve));
    expect(order).toEqual(["first"]);
  });
});
