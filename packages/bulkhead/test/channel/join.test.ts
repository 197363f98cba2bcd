import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { join } from "../../src/channel/join.js";

describe("two joined streams", () => {
  it.each([0, 1])("are over when one was closed before: %i", async (which) => {
    const streams = [new PassThrough(), new PassThrough()] as const;
    const closed = new Promise((resolve) => streams[which]?.once("close", resolve));
    streams[which]?.destroy();
    await closed;
    await join(...streams);
    expect(streams.map(({ destroyed }) => destroyed)).toEqual([true, true]);
  });
});
