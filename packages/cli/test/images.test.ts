import type { ImageList, PullEvent } from "bulkhead/images";
import { describe, expect, it } from "vitest";
import { layerLine } from "../src/images/bars.js";
import { imageOptions } from "../src/images/flags.js";
import { renderImages } from "../src/images/list.js";
import { progressOn } from "../src/images/progress.js";
import { describe as describeCollected } from "../src/images/remove.js";
import { humanAge, humanBytes } from "../src/images/size.js";
import { styleFor } from "../src/output/style.js";

const style = styleFor({});
const digest = `sha256:${"0123456789ab".padEnd(64, "0")}` as const;
const layer = (state: "downloading" | "downloaded", bytes: number): PullEvent & { type: "layer" } => ({
  type: "layer",
  digest,
  state,
  bytes,
  totalBytes: 2_000_000,
});
const pulled: PullEvent = { type: "pulled", image: "a:1", digest, downloadedBytes: 2_000_000, durationMs: 1234 };

/** What is written to a stream that is no terminal, or one of `columns`. */
function stream(columns?: number): { readonly to: NodeJS.WriteStream; readonly text: () => string } {
  let text = "";
  const write = (chunk: string) => {
    text += chunk;
    return true;
  };
  const to = { isTTY: columns !== undefined, columns, rows: 10, write };
  return { to: to as unknown as NodeJS.WriteStream, text: () => text };
}

describe("sizes and ages", () => {
  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [12_345, "12 kB"],
    [999_600, "1.0 MB"],
    [5_500_000_000, "5.5 GB"],
    [7e15, "7000 TB"],
  ])("%i is %s", (bytes, text) => {
    expect(humanBytes(bytes)).toBe(text);
  });

  it.each([
    [1, "just now"],
    [61, "1 minute ago"],
    [7300, "2 hours ago"],
    [200_000, "2 days ago"],
  ])("%i seconds are %s", (seconds, text) => {
    const now = Date.parse("2026-01-01T00:00:00Z");
    expect(humanAge(new Date(now - seconds * 1000).toISOString(), now)).toBe(text);
  });
});

describe("progress", () => {
  it("is plain lines in a pipe", () => {
    const { to, text } = stream();
    const progress = progressOn(to, false);
    const events: readonly PullEvent[] = [
      { type: "resolving", image: "a:1" },
      layer("downloading", 1),
      layer("downloaded", 2_000_000),
      pulled,
    ];
    for (const event of events) progress.onEvent(event);
    expect(text()).toBe(
      "bulkhead: pulling a:1\nbulkhead: layer 0123456789ab: 2.0 MB\nbulkhead: pulled a:1 (2.0 MB in 1.2 s)\n",
    );
  });

  it("is JSON lines when asked for, not one for each chunk", () => {
    const { to, text } = stream();
    const progress = progressOn(to, true);
    for (let bytes = 0; bytes < 100; bytes += 1) progress.onEvent(layer("downloading", bytes));
    progress.onEvent(pulled);
    const lines = text().trim().split("\n");
    expect(lines.map((line) => JSON.parse(line).type)).toEqual(["layer", "pulled"]);
  });

  it("is bars on a terminal, drawn over each other", async () => {
    const { to, text } = stream(80);
    const progress = progressOn(to, false);
    progress.onEvent({ type: "resolving", image: "a:1" });
    progress.onEvent({ type: "resolved", image: "a:1", digest, layers: [{ digest, totalBytes: 2_000_000 }] });
    progress.onEvent(layer("downloading", 1_000_000));
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(text()).toContain("=====");
    progress.onEvent(pulled);
    // The two lines are taken back before the last one is written.
    expect(text().endsWith("\u001b[2A\u001b[0Jpulled a:1 (2.0 MB in 1.2 s)\n")).toBe(true);
    progress.stop();
  });

  it.each([200, 80, 60, 40, 20])("fits into %i columns", (columns) => {
    for (const bytes of [0, 1_000_000, 2_000_000]) {
      const line = layerLine(layer("downloading", bytes), columns, style);
      expect(line.length).toBeLessThan(columns);
      expect(line).not.toContain("\n");
    }
  });
});

describe("images ls", () => {
  it("shows each image and what all take", () => {
    const now = Date.parse("2026-01-02T00:00:00Z");
    const list: ImageList = {
      images: [
        {
          name: "python:3.13-slim",
          fullName: "docker.io/library/python:3.13-slim",
          digest,
          layers: 4,
          blobBytes: 45_000_000,
          treeBytes: null,
          pulledAt: "2026-01-01T00:00:00Z",
          inUse: true,
        },
      ],
      usage: { blobBytes: 45_000_000, treeBytes: 0, erofsBytes: 0, brokenBytes: 1000 },
      quotaBytes: null,
      unnamedTrees: 2,
    };
    expect(renderImages(list, style, now).split("\n")).toEqual([
      "NAME              DIGEST        LAYERS  SIZE   UNPACKED  PULLED",
      "python:3.13-slim  0123456789ab  4       45 MB  -         1 day ago  in use",
      "",
      "45 MB on disk: 45 MB of layers, 0 B unpacked, 1.0 kB of broken downloads, 2 unpacked without a name",
    ]);
    expect(renderImages({ ...list, quotaBytes: 20_000_000_000 }, style, now)).toMatch(/^45 MB on disk of 20 GB: /m);
  });

  it("says what was removed, and what was kept and why", () => {
    const collected = { trees: 1, erofs: 0, blobs: 3, freedBytes: 5_000, treesInUse: 1, pulling: true };
    expect(describeCollected(collected)).toMatch(
      /^freed 5\.0 kB: 1 unpacked, 3 blobs\n1 unpacked in use.*\nkept layers/,
    );
  });
});

describe("flags", () => {
  it("leave omitted options to the library", () => {
    const onEvent = () => undefined;
    expect(imageOptions({}, onEvent)).toEqual({ registry: {}, onEvent });
    expect(imageOptions({ pull: "never", insecureRegistry: ["a:1"], tokenServer: ["a:1=https://b"] }, onEvent)).toEqual(
      {
        pull: "never",
        registry: { insecure: ["a:1"], tokenServers: ["a:1=https://b"] },
        onEvent,
      },
    );
  });
});
