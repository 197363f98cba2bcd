import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { Component } from "../../../src/services/channels/component.js";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

it("a component that never comes keeps nothing of the connections that gave up", async () => {
  const component = new Component();
  const gaveUp: WeakRef<object>[] = [];
  for (let connection = 0; connection < 100; connection++) {
    const end = new AbortController();
    const waiting = component.current(end.signal).catch((error: Error) => void gaveUp.push(new WeakRef(error)));
    end.abort();
    await waiting;
  }
  await new Promise((resolve) => setTimeout(resolve, 10));
  collect();
  expect(gaveUp).toHaveLength(100);
  expect(gaveUp.filter((error) => error.deref() !== undefined).length).toBeLessThan(5);
});
