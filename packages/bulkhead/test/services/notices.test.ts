import { describe, expect, it } from "vitest";
import { Datagrams, readNotice } from "../../src/services/running/notices.js";

/** As init sends them: `u32 peer, u16 length, bytes`. */
function framed(...datagrams: readonly (string | Buffer)[]): Buffer {
  return Buffer.concat(
    datagrams.flatMap((datagram) => {
      const bytes = Buffer.from(datagram);
      const head = Buffer.alloc(6);
      head.writeUInt16BE(bytes.length, 4);
      return [head, bytes];
    }),
  );
}

describe("a notice", () => {
  const nothing = { ready: false, stopping: false, status: undefined };

  it.each([
    ["READY=1", { ...nothing, ready: true }],
    ["READY=1\n", { ...nothing, ready: true }],
    ["A=b\nREADY=1\nSTATUS=42 %", { ...nothing, ready: true, status: "42 %" }],
    ["STOPPING=1", { ...nothing, stopping: true }],
    ["STATUS=", { ...nothing, status: "" }],
    ["STATUS=one\nSTATUS=two", { ...nothing, status: "two" }],
    ["", nothing],
    ["READY=0", nothing],
    ["READY=10", nothing],
    ["ready=1", nothing],
    [" READY=1", nothing],
    ["X=READY=1", nothing],
    ["READY=1\0", nothing],
    ["WATCHDOG=1\nMAINPID=1\nFDSTORE=1\nBARRIER=1", nothing],
  ])("%j says as much as it says", (text, said) => {
    expect(readNotice(Buffer.from(text))).toEqual(said);
  });

  it("cannot act on a terminal, and is short", () => {
    const { status } = readNotice(
      Buffer.concat([Buffer.from("STATUS=\x1b[2J\r\xff", "latin1"), Buffer.from("é".repeat(2000))]),
    );
    expect(status?.startsWith("\u{fffd}[2J\u{fffd}\u{fffd}é")).toBe(true);
    expect(status?.length).toBe(256);
    expect(readNotice(Buffer.from(`STATUS=${"x".repeat(255)}\u{1f600}`)).status?.isWellFormed()).toBe(true);
  });
});

describe("datagrams", () => {
  const bytes = framed("READY=1", "", "x".repeat(4096), "STATUS=a");
  const wanted = ["READY=1", "", "x".repeat(4096), "STATUS=a"];

  it.each([1, 5, 6, 7, 13, 100, 65_536])("are whole, in pieces of %d bytes", (size) => {
    const datagrams = new Datagrams();
    const found: string[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      found.push(...datagrams.push(bytes.subarray(at, at + size)).map(String));
    }
    expect(found).toEqual(wanted);
  });

  it("end with one that is longer than init sends them", () => {
    const datagrams = new Datagrams();
    expect(datagrams.push(framed("a", Buffer.alloc(4097), "b")).map(String)).toEqual(["a"]);
    expect(datagrams.push(framed("c"))).toEqual([]);
  });
});
