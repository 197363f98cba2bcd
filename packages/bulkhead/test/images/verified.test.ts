import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import type { ImageLayer } from "../../src/images/image.js";
import { digestOf } from "../../src/images/reference/digest.js";
import { verified } from "../../src/images/unpack/verified.js";

const content = "0123456789";

function layer(given: readonly string[], promised: Partial<ImageLayer> = {}): ImageLayer {
  const open = () => Readable.from(given.map((text) => Buffer.from(text)));
  return { digest: digestOf(content), sizeBytes: content.length, diffId: digestOf(content), open, ...promised };
}

async function read(source: AsyncIterable<Uint8Array>): Promise<{ text: string; error?: unknown }> {
  let text = "";
  try {
    for await (const chunk of source) text += Buffer.from(chunk).toString();
    return { text };
  } catch (error) {
    return { text, error };
  }
}

describe("verified", () => {
  it.each([[[content]], [["01234", "56789"]], [[...content]]])("passes on what was promised: %j", async (given) => {
    expect(await read(verified(layer(given)))).toEqual({ text: content });
  });

  it.each([
    ["other bytes", ["01234", "5678x"], "digest"],
    ["fewer bytes", ["01234", "5678"], "size"],
    ["more bytes", ["01234", "56789", "x"], "size"],
    ["no bytes", [], "size"],
  ])("refuses %s before it has passed on all", async (_name, given, detail) => {
    const { text, error } = await read(verified(layer(given)));
    expect(error).toMatchObject({ code: "IMAGE_INVALID", detail });
    expect(text.length).toBeLessThan(content.length);
  });

  it("knows the digest of nothing", async () => {
    expect(await read(verified(layer([], { sizeBytes: 0, digest: digestOf("") })))).toEqual({ text: "" });
  });
});
