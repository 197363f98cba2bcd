import { Duplex } from "node:stream";
import { describe, expect, it } from "vitest";
import { BulkheadError } from "../../src/errors/bulkhead-error.js";
import { readWhole, WINDOW_BYTES } from "../../src/helpers/body.js";
import { encodeFrame, encodeJson, FrameDecoder, JSON_BYTES, Kind } from "../../src/helpers/frames.js";
import { type Methods, Peer } from "../../src/helpers/peer.js";

/** Two ends of one connection. */
function pair(): [Duplex, Duplex] {
  const make = (other: () => Duplex): Duplex =>
    new Duplex({
      read() {},
      write(chunk, _, done) {
        other().push(chunk);
        setImmediate(done);
      },
      destroy(error, done) {
        setImmediate(() => other().push(null));
        done(error);
      },
    });
  const one: Duplex = make(() => two);
  const two: Duplex = make(() => one);
  return [one, two];
}

const lost = (why: unknown) =>
  why instanceof BulkheadError
    ? why
    : new BulkheadError(why === undefined ? "HELPER_LOST" : "HELPER_FAILED", { detail: String(why) });

function connected(methods: Methods): { client: Peer; server: Peer } {
  const [one, two] = pair();
  return { client: new Peer(one, {}, lost), server: new Peer(two, methods, lost) };
}

/** What the library makes of a helper that answers its first call with these bytes. */
async function answeredWith(...frames: readonly Buffer[]): Promise<unknown> {
  const [one, two] = pair();
  const client = new Peer(one, {}, lost);
  two.once("data", () => two.write(Buffer.concat(frames)));
  const received = await client.call("ask", null).catch((error: unknown) => error);
  if (received instanceof Error) return received;
  const body = (received as Awaited<ReturnType<Peer["call"]>>).body;
  return await readWhole(body, 10_000_000).catch((error: unknown) => error);
}

describe("a call", () => {
  it("gives value and body, however large, within the window", async () => {
    const sent = 5 * WINDOW_BYTES + 17;
    async function* body() {
      for (let left = sent; left > 0; left -= 100_000) yield Buffer.alloc(Math.min(left, 100_000), 7);
    }
    const { client } = connected({ ask: async (value) => ({ value: { asked: value }, body: body() }) });
    const { value, body: got } = await client.call("ask", [1]);
    expect(value).toEqual({ asked: [1] });
    expect((await readWhole(got, sent))?.length).toBe(sent);
  });

  it("blocks a sender whose data is not read", async () => {
    let sent = 0;
    async function* body() {
      for (;;) {
        sent += 65_536;
        yield Buffer.alloc(65_536);
      }
    }
    const { client } = connected({ ask: async () => ({ value: null, body: body() }) });
    const { body: got } = await client.call("ask", null);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(sent).toBeLessThanOrEqual(WINDOW_BYTES + 65_536);
    for await (const _ of got ?? []) break;
  });

  it("carries a coded error, and only the name of any other", async () => {
    const { client } = connected({
      coded: async () => {
        throw new BulkheadError("IMAGE_INVALID", { operation: "read", path: "/x", errno: 5, detail: "size" });
      },
      other: async () => {
        throw new TypeError("quotes what was read");
      },
    });
    await expect(client.call("coded", null)).rejects.toMatchObject({ code: "IMAGE_INVALID", path: "/x", errno: 5 });
    const other = await client.call("other", null).catch((error: unknown) => error);
    expect(other).toMatchObject({ code: "HELPER_FAILED", detail: "TypeError" });
    expect(String(other)).not.toContain("quotes");
  });

  it("is cancelled by its signal, and the callee learns it", async () => {
    let told: AbortSignal | undefined;
    const { client } = connected({
      ask: async (_, signal) => {
        told = signal;
        return await new Promise(() => undefined);
      },
    });
    const abort = new AbortController();
    const call = client.call("ask", null, abort.signal);
    setTimeout(() => abort.abort(), 5);
    await expect(call).rejects.toMatchObject({ code: "ABORTED" });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(told?.aborted).toBe(true);
  });

  it("ends when either end goes", async () => {
    for (const which of ["client", "server"] as const) {
      const both = connected({ ask: async () => await new Promise(() => undefined) });
      const call = both.client.call("ask", null);
      setTimeout(() => both[which].close(), 5);
      await expect(call).rejects.toMatchObject({ code: "HELPER_LOST" });
      await expect(both.client.call("ask", null)).rejects.toMatchObject({ code: "HELPER_LOST" });
    }
  });
});

describe("a hostile helper", () => {
  it("that asks without end and reads nothing has its calls and no more", async () => {
    let served = 0;
    const stuck = new Duplex({ read() {}, write() {} });
    const library = new Peer(
      stuck,
      {
        ask: async () => {
          served += 1;
          return { value: "x".repeat(100_000) };
        },
      },
      lost,
    );
    for (let call = 1; call < 1000; call += 1) stuck.push(encodeJson(call, Kind.Call, { method: "ask", value: null }));
    await expect(library.ended).resolves.toMatchObject({ code: "HELPER_FAILED" });
    expect(served).toBeLessThanOrEqual(256);
  });

  const answer = (body: boolean) => encodeJson(1, Kind.Return, { value: null, body });
  it.each([
    [
      "data above the window",
      [answer(true), ...Array.from({ length: 17 }, () => encodeFrame(1, Kind.Data, Buffer.alloc(65_536)))],
    ],
    ["data longer than a frame", [answer(true), encodeFrame(1, Kind.Data, Buffer.alloc(65_537))]],
    ["data without a body", [encodeFrame(1, Kind.Data, Buffer.alloc(1))]],
    ["an end without a body", [encodeFrame(1, Kind.End)]],
    ["two answers", [answer(true), answer(true)]],
    ["an answer to what was never asked", [encodeJson(2, Kind.Return, { value: 1, body: false })]],
    ["what is not JSON", [encodeFrame(1, Kind.Return, Buffer.from("{"))]],
    ["an error that is not JSON", [encodeFrame(1, Kind.Throw, Buffer.from("{"))]],
    ["an error in the middle that is not JSON", [answer(true), encodeFrame(1, Kind.Throw, Buffer.from("{"))]],
    ["what is not UTF-8", [encodeFrame(1, Kind.Return, Buffer.from([0xff]))]],
    ["what is no answer", [encodeJson(1, Kind.Return, [])]],
    ["an unknown kind", [encodeFrame(1, 9 as Kind)]],
    ["credit for nothing in three bytes", [encodeFrame(1, Kind.Credit, Buffer.alloc(3))]],
    ["a call of a method that there is not", [encodeJson(1, Kind.Call, { method: "toString", value: 1 })]],
    ["a call that is none", [encodeJson(1, Kind.Call, null)]],
  ])("is not listened to any more after %s", async (_, frames) => {
    expect(await answeredWith(...frames)).toMatchObject({ code: "HELPER_FAILED" });
  });

  it("cannot make a frame of more than its bound be waited for", () => {
    const head = encodeFrame(1, Kind.Return, Buffer.alloc(1));
    head.writeUInt32BE(JSON_BYTES + 6, 0);
    expect(() => [...new FrameDecoder().push(head)]).toThrow("length");
  });

  it("is understood however its bytes are split", () => {
    const bytes = Buffer.concat([encodeJson(1, Kind.Return, { value: "x".repeat(300) }), encodeFrame(1, Kind.End)]);
    for (const size of [1, 2, 3, 5, 8, 9, 10, 100, 400]) {
      const decoder = new FrameDecoder();
      const kinds: number[] = [];
      for (let at = 0; at < bytes.length; at += size)
        for (const { kind } of decoder.push(bytes.subarray(at, at + size))) kinds.push(kind);
      expect(kinds).toEqual([Kind.Return, Kind.End]);
    }
  });
});

describe("the other side's silence", () => {
  const limitMs = 500;
  const late = { code: "HELPER_LOST", operation: "ask", detail: "no answer in 0.5 s" };
  const never = () => new Promise<never>(() => undefined);

  /** A client whose call may be silent for so long, and what it may be asked for meanwhile. */
  function asking(methods: (client: Peer) => Methods, own: Methods = {}) {
    const [one, two] = pair();
    const client = new Peer(one, own, lost);
    const table: Record<string, Methods[string]> = {};
    const server = new Peer(two, table, lost);
    Object.assign(table, methods(server));
    return client.call("ask", null, undefined, limitMs);
  }

  it("ends a call that is not answered, and everything else that waits", async () => {
    const [one, two] = pair();
    const client = new Peer(one, {}, lost);
    const server = new Peer(two, { ask: never, other: never }, lost);
    const other = client.call("other", null);
    other.catch(() => undefined);
    await expect(client.call("ask", null, undefined, limitMs)).rejects.toMatchObject(late);
    await expect(other).rejects.toMatchObject(late);
    await server.ended;
  });

  it("ends a call whose body stops coming", async () => {
    async function* body() {
      yield Buffer.alloc(10);
      await never();
    }
    const { body: got } = await asking(() => ({ ask: async () => ({ value: null, body: body() }) }));
    await expect(readWhole(got, 1_000)).rejects.toMatchObject(late);
  });

  it("is not broken by asking for something every now and then", async () => {
    const asked = asking(
      (server) => ({
        ask: async () => {
          for (;;) {
            await server.call("roots", null);
            await new Promise((resolve) => setTimeout(resolve, 50));
          }
        },
      }),
      { roots: async () => ({ value: null }) },
    );
    await expect(asked).rejects.toMatchObject(late);
  });

  it("is not broken by pieces without a byte", async () => {
    const [one, two] = pair();
    const client = new Peer(one, {}, lost);
    two.once("data", () => {
      two.write(encodeJson(1, Kind.Return, { value: null, body: true }));
      const timer = setInterval(() => two.write(encodeFrame(1, Kind.Data, new Uint8Array())), 50);
      two.once("close", () => clearInterval(timer));
    });
    const { body } = await client.call("ask", null, undefined, limitMs);
    await expect(readWhole(body, 1_000)).rejects.toMatchObject(late);
    two.destroy();
  });

  it("does not count while it waits for this side: for an answer, a body's next piece, or a reader", async () => {
    const longer = () => new Promise((resolve) => setTimeout(resolve, 3 * limitMs));
    async function* slowly() {
      yield Buffer.alloc(10);
      await longer();
      yield Buffer.alloc(10);
    }
    const { value, body } = await asking(
      (server) => ({
        ask: async () => {
          await server.call("credentials", null);
          const { body: listed } = await server.call("list", null);
          const whole = await readWhole(listed, 1_000);
          async function* body() {
            yield Buffer.alloc(3 * WINDOW_BYTES);
          }
          return { value: whole?.length, body: body() };
        },
      }),
      {
        credentials: async () => {
          await longer();
          return { value: null };
        },
        list: async () => ({ value: null, body: slowly() }),
      },
    );
    expect(value).toBe(20);
    await longer();
    expect((await readWhole(body, 4 * WINDOW_BYTES))?.length).toBe(3 * WINDOW_BYTES);
  });
});
