import { deepStrictEqual } from "node:assert/strict";
import { Duplex } from "node:stream";
import { MessageDecoder } from "../../packages/bulkhead/src/broker/wire.js";
import { Channel } from "../../packages/bulkhead/src/channel/channel.js";
import { FrameDecoder } from "../../packages/bulkhead/src/channel/decoder.js";
import { frame, helloFrame } from "../../packages/bulkhead/src/channel/frames.js";
import type { Side } from "../../packages/bulkhead/src/channel/protocol.js";
import { BulkheadError } from "../../packages/bulkhead/src/errors/bulkhead-error.js";
import { readEntry, readEvent } from "../../packages/bulkhead/src/session/files/entries.js";
import { LineDecoder } from "../../packages/bulkhead/src/session/files/lines.js";
import { readExit } from "../../packages/bulkhead/src/session/process-result.js";
import { helpers } from "./helpers.js";
import { network } from "./network.js";
import { pieces, type Random } from "./random.js";

export interface Target {
  /** What is damaged. Default: the golden vectors of the channel. */
  readonly seeds?: readonly Buffer[];
  readonly run: (input: Buffer, random: Random) => void | Promise<void>;
}

/**
 * Each throws when its decoder breaks: with anything but a refusal by code, or with a result that depends on the split.
 */
export const targets: Readonly<Record<string, Target>> = {
  "frames of init": { run: (input, random) => frames("init", input, random) },
  "frames of the host": { run: (input, random) => frames("host", input, random) },
  "a channel with operations open": { run: channel },
  "messages of the broker": {
    run: (input, random) => deepStrictEqual(messages(input, pieces(input, random)), messages(input, [input])),
  },
  "lines of file operations": {
    run: (input, random) => deepStrictEqual(lines(input, pieces(input, random)), lines(input, [input])),
  },
  ...helpers,
  ...network,
};

function frames(from: Side, input: Buffer, random: Random): void {
  const whole = decodedFrames(from, [input]);
  deepStrictEqual(decodedFrames(from, pieces(input, random)), whole, "the split changed the meaning");
  const again = decodedFrames(from, [whole.bytes]);
  deepStrictEqual(again, { bytes: whole.bytes, refused: undefined }, "encoding changed the meaning");
}

function decodedFrames(from: Side, parts: readonly Buffer[]): { bytes: Buffer; refused: string | undefined } {
  const out: Buffer[] = [];
  const decoder = new FrameDecoder(from, (kind, stream, payload) => out.push(frame(kind, stream, payload)));
  const refused = refusal(() => pushAll(decoder, parts));
  return { bytes: Buffer.concat(out), refused };
}

/**
 * The whole state machine: whatever comes, it ends with a violation or goes on, and every open operation is told in the
 * end.
 */
function channel(input: Buffer, random: Random): void {
  const transport = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  const opened = new Channel(transport, () => undefined);
  let open = 0;
  for (let count = 0; count < 3; count += 1) {
    open += 1;
    const over = () => {
      open -= 1;
    };
    const stream = opened.open(
      { op: "watch", path: "/" },
      {
        data: (fd, chunk) => stream.consumed(fd, chunk.length),
        result: (value) => {
          readExit(value);
          over();
        },
        failed: over,
      },
    );
    stream.write(Buffer.alloc(300_000), () => undefined);
  }
  for (const part of random.below(4) === 0 ? pieces(input, random) : [helloFrame, ...pieces(input, random)]) {
    transport.emit("data", part);
  }
  opened.close(() => new BulkheadError("SANDBOX_CLOSED"));
  transport.destroy();
  if (open !== 0) throw new Error(`${open} operations were told nothing, or twice`);
}

function messages(input: Buffer, parts: readonly Buffer[]): unknown {
  const seen: unknown[] = [];
  const decoder = new MessageDecoder((message) => seen.push(message));
  return { seen, refused: refusal(() => pushAll(decoder, parts)), length: input.length };
}

function lines(input: Buffer, parts: readonly Buffer[]): unknown {
  const seen: unknown[] = [];
  const decoder = new LineDecoder();
  for (const part of parts) {
    for (const line of decoder.push(part)) {
      seen.push(
        refusal(() => readEntry(line)),
        refusal(() => readEvent(line)),
      );
    }
  }
  return { seen, length: input.length };
}

function pushAll(decoder: { push(part: Buffer): void }, parts: readonly Buffer[]): void {
  for (const part of parts) decoder.push(part);
}

/** The code and reason of a refusal. Any other error is what fuzzing looks for. */
function refusal(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof BulkheadError) return `${error.code} ${error.detail}`;
    throw error;
  }
}
