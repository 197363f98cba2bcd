import { deepStrictEqual } from "node:assert/strict";
import { Duplex } from "node:stream";
import { MessageDecoder } from "../../packages/bulkhead/src/broker/wire.js";
import { Channel } from "../../packages/bulkhead/src/channel/channel.js";
import { FrameDecoder } from "../../packages/bulkhead/src/channel/decoder.js";
import { frame, helloFrame } from "../../packages/bulkhead/src/channel/frames.js";
import type { Side } from "../../packages/bulkhead/src/channel/protocol.js";
import { readQuery } from "../../packages/bulkhead/src/egress/inside/dns/message.js";
import { absoluteTarget, authorityTarget } from "../../packages/bulkhead/src/egress/inside/http-target.js";
import { readClientHello } from "../../packages/bulkhead/src/egress/tls/client-hello.js";
import { BulkheadError } from "../../packages/bulkhead/src/errors/bulkhead-error.js";
import { normalHost } from "../../packages/bulkhead/src/policy/network/host.js";
import { readEntry, readEvent } from "../../packages/bulkhead/src/sandbox/files/entries.js";
import { LineDecoder } from "../../packages/bulkhead/src/sandbox/files/lines.js";
import { readExitStatus } from "../../packages/bulkhead/src/sandbox/process-result.js";
import type { Random } from "./random.js";

type Target = (input: Buffer, random: Random) => void;

/** Each throws when its decoder breaks: with anything but a refusal by code, or with a result that depends on the split. */
export const targets: Readonly<Record<string, Target>> = {
  "frames of init": (input, random) => frames("init", input, random),
  "frames of the host": (input, random) => frames("host", input, random),
  "a channel with operations open": channel,
  "messages of the broker": (input, random) => {
    deepStrictEqual(messages(input, pieces(input, random)), messages(input, [input]));
  },
  "lines of file operations": (input, random) => {
    deepStrictEqual(lines(input, pieces(input, random)), lines(input, [input]));
  },
  "queries of DNS": (input) => {
    const name = readQuery(Buffer.concat([QUERY, input]))?.name ?? "";
    if (!/^[a-z0-9_.-]*$/.test(name)) throw new Error(`a name with ${JSON.stringify(name)}`);
  },
  "handshakes of TLS": (input) => {
    const record = Buffer.concat([Buffer.from([22, 3, 1, input.length >> 8, input.length & 255]), input]);
    const read = readClientHello(record);
    if (read.kind === "hello") deepStrictEqual(readClientHello(Buffer.concat([record, input])), read);
  },
  "targets of HTTP and SOCKS": (input) => {
    const text = input.toString("latin1");
    const hosts = [authorityTarget(text), absoluteTarget(`http://${text}`)].map((target) => target?.host ?? text);
    for (const host of hosts) {
      const found = normalHost(host);
      // What a name is brought into must be where it stays: else it is decided on as one and connected to as another.
      if (found.kind === "name") deepStrictEqual(normalHost(found.name), found);
    }
  },
};

/** A header of DNS with one question; what follows is the question. */
const QUERY = Buffer.from([1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);

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

/** The whole state machine: whatever comes, it ends with a violation or goes on, and every open operation is told in the end. */
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
      { op: "exec" },
      {
        data: (fd, chunk) => stream.consumed(fd, chunk.length),
        result: (value) => {
          readExitStatus(value);
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

function pieces(input: Buffer, random: Random): readonly Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < input.length; ) {
    const end = at + 1 + random.below(40);
    parts.push(Buffer.from(input.subarray(at, end)));
    at = end;
  }
  return parts;
}
