import { expect, it } from "vitest";
import { proxyHeader } from "../../../src/services/channels/proxy-header.js";

/** Reads a header as the published description has it. */
function read(header: Buffer) {
  expect(header.subarray(0, 12).toString("hex")).toBe("0d0a0d0a000d0a515549540a");
  const [versionAndCommand, family, length] = [header[12], header[13], header.readUInt16BE(14)];
  expect(header).toHaveLength(16 + length);
  const fields = new Map<number, string>();
  for (let at = 16; at < header.length; ) {
    const size = header.readUInt16BE(at + 1);
    fields.set(header.readUInt8(at), header.toString("latin1", at + 3, at + 3 + size));
    at += 3 + size;
  }
  return { versionAndCommand, family, fields };
}

it("a header names the component and the connection, and claims no address", () => {
  const { versionAndCommand, family, fields } = read(proxyHeader("front", 4_000_000_000));
  expect([versionAndCommand, family]).toEqual([0x21, 0x00]);
  expect(fields).toEqual(
    new Map([
      [0xe0, "front"],
      [0x05, "4000000000"],
    ]),
  );
});

it("the longest name fits", () => {
  expect(read(proxyHeader("x".repeat(63), 1)).fields.get(0xe0)).toHaveLength(63);
});
