import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { GuestConsole } from "../../src/levels/microvm/console.js";

async function said(...chunks: readonly (string | Buffer)[]): Promise<GuestConsole> {
  const stream = new PassThrough();
  const console = new GuestConsole(stream);
  for (const chunk of chunks) stream.write(chunk);
  await new Promise((resolve) => setImmediate(resolve));
  return console;
}

const PANIC = "[    1.5] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000700";
const trace = (lines: number) => Array.from({ length: lines }, (_, index) => `[    1.6]  frame_${index}+0x1/0x2`);

describe("what is passed on of a guest's console", () => {
  it("is its end, in printable characters", async () => {
    const console = await said("first\r\n", Buffer.from([27, 93, 48, 7, 255]), "x".repeat(100), "last\n");
    expect(console.tail(10)).toBe("xxxxxxlast");
    expect(console.tail()).toBe(`first\n?]0??${"x".repeat(100)}last`);
  });

  it("begins with the reason of a panic, however long the trace after it", async () => {
    const console = await said("x\n".repeat(500), [PANIC, ...trace(100)].join("\n"));
    expect(console.tail(200)).toHaveLength(200);
    expect(console.tail(200).startsWith(`${PANIC}\n`)).toBe(true);
  });

  it("has what led to a panic, too, where there is room", async () => {
    const console = await said(["before", PANIC, ...trace(2)].join("\n"));
    expect(console.tail()).toBe(["before", PANIC, ...trace(2)].join("\n"));
  });

  it("has a bounded length, even if many lines look like panics", async () => {
    const console = await said("Kernel panic - not syncing".repeat(10_000), "end");
    expect(console.tail().length).toBeLessThanOrEqual(1500);
  });
});
