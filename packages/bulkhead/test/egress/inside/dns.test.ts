import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readQuery } from "../../../src/egress/inside/dns/message.js";
import { answerQuery } from "../../../src/egress/inside/dns/server.js";

const HTTPS = 65;
const AAAA = 28;

/** One name has an address, one cannot be listened for. */
async function lookup(name: string): Promise<string | null | undefined> {
  return name === "allowed.example" ? "198.18.0.2" : name === "broken.example" ? undefined : null;
}

function query(name: string, { type = 1, kind = 1, flags = 0x0100, questions = 1 } = {}): Buffer {
  const head = Buffer.from([0x12, 0x34, flags >> 8, flags & 255, 0, questions, 0, 0, 0, 0, 0, 0]);
  const labels =
    name === ""
      ? []
      : name.split(".").map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label, "latin1")]));
  return Buffer.concat([head, ...labels, Buffer.of(0, type >> 8, type & 255, 0, kind)]);
}

async function codeFor(name: string, type = 1): Promise<{ code: number; answers: number }> {
  const answer = await answerQuery(lookup, query(name, { type }));
  return { code: (answer?.readUInt16BE(2) ?? -1) & 15, answers: answer?.readUInt16BE(6) ?? -1 };
}

describe("DNS inside", () => {
  it("gives an allowed name its reserved address, whatever its case", async () => {
    const answer = await answerQuery(lookup, query("Allowed.EXAMPLE"));
    expect(answer?.subarray(0, 2)).toEqual(Buffer.from([0x12, 0x34]));
    expect(answer?.subarray(-4)).toEqual(Buffer.from([198, 18, 0, 2]));
  });

  it("has no other records of it: no IPv6, and no keys for an encrypted SNI", async () => {
    expect(await codeFor("allowed.example", AAAA)).toEqual({ code: 0, answers: 0 });
    expect(await codeFor("allowed.example", HTTPS)).toEqual({ code: 0, answers: 0 });
  });

  it("denies that any other name exists", async () => {
    expect(await codeFor("other.example")).toEqual({ code: 3, answers: 0 });
    expect(await codeFor("broken.example")).toEqual({ code: 2, answers: 0 });
  });

  it.each([
    ["nothing", Buffer.alloc(0)],
    ["half a header", Buffer.alloc(11)],
    ["a response", query("allowed.example", { flags: 0x8100 })],
    ["an update", query("allowed.example", { flags: 0x2800 })],
    ["two questions", query("allowed.example", { questions: 2 })],
    ["no question", query("allowed.example", { questions: 0 })],
    ["another class", query("allowed.example", { kind: 3 })],
    ["a name cut short", query("allowed.example").subarray(0, 20)],
    ["a pointer for a name", Buffer.concat([query("").subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])])],
    [
      "a dot within a label",
      Buffer.concat([query("").subarray(0, 12), Buffer.from([3]), Buffer.from("a.b"), Buffer.from([0, 0, 1, 0, 1])]),
    ],
    [
      "a NUL within a label",
      Buffer.concat([query("").subarray(0, 12), Buffer.from([3]), Buffer.from("a\0b"), Buffer.from([0, 0, 1, 0, 1])]),
    ],
    ["a name of 600 bytes", query(Array.from({ length: 60 }, () => "abcdefghi").join("."))],
  ])("answers nothing to %s", async (_what, message) => {
    expect(await answerQuery(lookup, message)).toBeUndefined();
  });

  it("survives any bytes, and never finds a name with odd characters in them", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.boolean(), (bytes, headed) => {
        const message = headed ? Buffer.concat([query("").subarray(0, 12), bytes]) : Buffer.from(bytes);
        expect(readQuery(message)?.name ?? "").toMatch(/^[a-z0-9_.-]{0,255}$/);
      }),
    );
  });
});
