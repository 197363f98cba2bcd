import { once } from "node:events";
import { type ConnectionOptions, connect } from "node:tls";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LARGEST_HELLO, readClientHello } from "../../src/egress/tls/client-hello.js";
import { duplexPair } from "../support/duplex-pair.js";

/** What Node's own client says first. */
async function helloOf(options: ConnectionOptions): Promise<Buffer> {
  const [near, far] = duplexPair();
  const client = connect({ socket: near, ...options });
  client.on("error", () => undefined);
  const [bytes] = await once(far, "data");
  client.destroy();
  return Buffer.from(bytes as Buffer);
}

const real = await helloOf({ servername: "example.org" });

/** The same message, cut into records of another size. */
function recut(hello: Buffer, size: number): Buffer {
  const message = hello.subarray(5);
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    const part = message.subarray(at, at + size);
    records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part);
  }
  return Buffer.concat(records);
}

/** A hello with these extensions, each a type and its body. */
function helloWith(extensions: readonly (readonly [type: number, body: Buffer])[]): Buffer {
  const vector = (bytes: Buffer) => Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
  const list = extensions.map(([type, body]) => Buffer.concat([Buffer.from([type >> 8, type & 255]), vector(body)]));
  const head = Buffer.concat([Buffer.from([3, 3]), Buffer.alloc(32), Buffer.from([0, 0, 2, 0x13, 1, 1, 0])]);
  const body = Buffer.concat([head, vector(Buffer.concat(list))]);
  const message = Buffer.concat([Buffer.from([1, 0, body.length >> 8, body.length & 255]), body]);
  return Buffer.concat([Buffer.from([22, 3, 1, message.length >> 8, message.length & 255]), message]);
}

function serverName(name: string, type = 0): Buffer {
  return Buffer.concat([Buffer.from([0, name.length + 3, type, 0, name.length]), Buffer.from(name, "latin1")]);
}

describe("a ClientHello", () => {
  it("of a real client names its host", () => {
    expect(readClientHello(real)).toEqual({ kind: "hello", hello: { serverName: "example.org", encrypted: false } });
  });

  it("of a client that names no host is still a ClientHello", async () => {
    expect(readClientHello(await helloOf({}))).toMatchObject({ kind: "hello", hello: { serverName: null } });
  });

  it.each([10, 100])("is put together from records of %d bytes", (size) => {
    expect(readClientHello(recut(real, size))).toMatchObject({ hello: { serverName: "example.org" } });
  });

  it("is not recognised before all of it has arrived", () => {
    for (let length = 1; length < real.length; length += 1) {
      expect(readClientHello(real.subarray(0, length))).toEqual({ kind: "more" });
    }
  });

  it.each([
    ["data that a client sends before it is answered", [20, 3, 3, 0, 1, 1, 23, 3, 3, 0, 2, 7, 7]],
    ["what is no record", [0xff, 0xff, 0xff, 0xff, 0xff]],
  ])("is recognised with %s behind it", (_what, more) => {
    const read = readClientHello(Buffer.concat([real, Buffer.from(more)]));
    expect(read).toEqual({ kind: "hello", hello: { serverName: "example.org", encrypted: false } });
  });

  it("that hides another says so", () => {
    const bytes = helloWith([
      [0, serverName("a.test")],
      [0xfe0d, Buffer.alloc(8)],
    ]);
    expect(readClientHello(bytes)).toEqual({ kind: "hello", hello: { serverName: "a.test", encrypted: true } });
  });

  it.each([
    ["two names in one extension", [[0, Buffer.concat([serverName("a.test"), serverName("b.test")])]]],
    [
      "the extension twice",
      [
        [0, serverName("a.test")],
        [0, serverName("b.test")],
      ],
    ],
    ["a name of another type", [[0, serverName("a.test", 1)]]],
    ["NUL in its name", [[0, serverName("a.test\0.b.test")]]],
    ["an empty name", [[0, serverName("")]]],
    ["a length that is too long", [[0, Buffer.from([0, 200, 0, 0, 1, 97])]]],
  ] as const)("with %s is invalid", (_what, extensions) => {
    expect(readClientHello(helloWith(extensions as never))).toEqual({ kind: "invalid" });
  });

  it("is never waited for without end", () => {
    const endless = Buffer.concat([
      Buffer.from([22, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff]),
      Buffer.alloc(LARGEST_HELLO + 10),
    ]);
    expect(readClientHello(endless)).toEqual({ kind: "invalid" });
    expect(
      readClientHello(
        recut(Buffer.concat([Buffer.alloc(5), Buffer.from([1, 0, 0x80, 0]), Buffer.alloc(LARGEST_HELLO)]), 1),
      ),
    ).not.toEqual({ kind: "more" });
  });

  it("is never read wrongly from hostile bytes: no exception, and no name that is not in them", () => {
    const mutated = fc.array(fc.tuple(fc.nat(real.length - 1), fc.nat(255)), { maxLength: 4 }).map((changes) => {
      const bytes = Buffer.from(real);
      for (const [at, byte] of changes) bytes[at] = byte;
      return bytes;
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 600 }), mutated), (bytes) => {
        const read = readClientHello(bytes);
        if (read.kind !== "hello" || read.hello.serverName === null) return;
        expect(Buffer.from(bytes).includes(Buffer.from(read.hello.serverName, "latin1"))).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });
});
