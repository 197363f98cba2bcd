import { deepStrictEqual } from "node:assert/strict";
import { Duplex } from "node:stream";
import { BulkheadError } from "../../packages/bulkhead/src/errors/bulkhead-error.js";
import { encodeFrame, encodeJson, FrameDecoder, Kind, Violation } from "../../packages/bulkhead/src/helpers/frames.js";
import { Peer } from "../../packages/bulkhead/src/helpers/peer.js";
import type { Change } from "../../packages/bulkhead/src/sandbox/write-back/changes.js";
import { readChanges } from "../../packages/bulkhead/src/sandbox/write-back/lister/read-changes.js";
import { isPlainName } from "../../packages/bulkhead/src/session/host-files/names.js";
import { pieces, type Random } from "./random.js";
import type { Target } from "./targets.js";

const answer = encodeJson(1, Kind.Return, { value: { mediaType: null }, body: true });
const frames: readonly Buffer[] = [
  Buffer.concat([answer, encodeFrame(1, Kind.Data, Buffer.alloc(300, 7)), encodeFrame(1, Kind.End)]),
  encodeJson(1, Kind.Return, { value: [1, "x"], body: false }),
  encodeJson(1, Kind.Throw, { code: "IMAGE_INVALID", operation: "read", path: "/x", errno: 5 }),
  Buffer.concat([encodeJson(1, Kind.Call, { method: "ask", value: 1 }), encodeFrame(1, Kind.Credit, Buffer.alloc(4))]),
  Buffer.concat([encodeJson(1, Kind.Call, { method: "ask", value: 1 }), encodeFrame(1, Kind.Cancel)]),
];

const lines = [
  { path: "a", gone: "file", put: { type: "directory", mode: 0o755, mtimeMs: 1 } },
  { path: "a/b", put: { type: "file", mode: 0o644, mtimeMs: 0 } },
  { path: "l", put: { type: "symlink", mode: 0o777, mtimeMs: 0, target: "../x" } },
  { path: "p", left: "kind" },
];
const listing = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));

/** What helper processes say to the library. */
export const helpers: Readonly<Record<string, Target>> = {
  "frames of a helper": {
    seeds: frames,
    run: (input, random) => deepStrictEqual(decoded(pieces(input, random)), decoded([input]), "the split changed it"),
  },
  "a helper with a call open": { seeds: frames, run: peer },
  "the list of changes of a lister": { seeds: [listing], run: changes },
};

function decoded(parts: readonly Buffer[]): unknown {
  const found: unknown[] = [];
  const decoder = new FrameDecoder();
  try {
    for (const part of parts)
      for (const { call, kind, payload } of decoder.push(part)) found.push([call, kind, payload.toString("hex")]);
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    found.push(error.message);
  }
  return found;
}

/** Whatever comes, the call ends with an answer or a coded error. */
async function peer(input: Buffer, random: Random): Promise<void> {
  const transport = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  const lost = (why: unknown) => (why instanceof BulkheadError ? why : new BulkheadError("HELPER_LOST"));
  const client = new Peer(transport, { ask: async () => ({ value: null, body: whole() }) }, lost);
  const called = client.call("ask", null).then(async ({ body }) => {
    for await (const _ of body ?? []);
  });
  called.catch(() => undefined);
  for (const part of pieces(input, random)) transport.emit("data", part);
  client.close();
  await called.catch((error: unknown) => {
    if (!(error instanceof BulkheadError)) throw error;
  });
}

async function* whole(): AsyncGenerator<Uint8Array> {
  yield Buffer.alloc(10);
}

/** What is taken is made of plain names. */
async function changes(input: Buffer, random: Random): Promise<void> {
  async function* body(): AsyncGenerator<Buffer> {
    yield* pieces(input, random);
  }
  try {
    plain((await readChanges(body(), "/out", new Set(["/out/apart"]))).tree);
  } catch (error) {
    if (!(error instanceof BulkheadError) || error.code !== "HELPER_FAILED") throw error;
  }
}

function plain(tree: ReadonlyMap<string, Change>): void {
  for (const [name, { below }] of tree) {
    if (!isPlainName(name)) throw new Error(`took ${JSON.stringify(name)}`);
    plain(below);
  }
}
