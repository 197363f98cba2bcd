import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { extractKernel } from "../../src/guest/kernel/extract.js";
import { unpackLz4 } from "../../src/guest/kernel/lz4.js";
import { dependencies, moduleOrder } from "../../src/guest/kernel/modules.js";

const ELF = Buffer.concat([Buffer.from("\x7fELF", "latin1"), Buffer.from("the kernel ".repeat(50))]);

/** A boot image with this payload behind one sector of set-up code. */
function bootImage(payload: Buffer): Buffer {
  const head = Buffer.alloc(1024);
  head[0x1f1] = 1;
  head.write("HdrS", 0x202, "latin1");
  head.writeUInt32LE(payload.length + 4, 0x24c);
  return Buffer.concat([head, payload, Buffer.alloc(4)]);
}

/** LZ4's legacy frame around one block. */
function legacy(block: readonly number[]): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(block.length);
  return Buffer.concat([Buffer.from([0x02, 0x21, 0x4c, 0x18]), length, Buffer.from(block)]);
}

describe("extractKernel", () => {
  it("finds the ELF file in a boot image", async () => {
    expect(await extractKernel(bootImage(gzipSync(ELF)), "vmlinuz")).toEqual(ELF);
    expect(await extractKernel(ELF, "vmlinux")).toEqual(ELF);
  });

  it.each([
    ["text", Buffer.from("#!/bin/sh\n".repeat(100)), "not a boot image"],
    ["an unknown compression", bootImage(Buffer.from("BZh9rest")), "compression 425a6839"],
    ["no kernel inside", bootImage(gzipSync(Buffer.from("text"))), "no ELF file inside"],
    ["one that is cut short", bootImage(gzipSync(ELF)).subarray(0, 1040), "payload"],
  ])("refuses %s", async (_name, image, detail) => {
    await expect(extractKernel(image, "vmlinuz")).rejects.toMatchObject({ code: "KERNEL_UNAVAILABLE", detail });
  });
});

describe("unpackLz4", () => {
  it("copies literals, and matches that overlap themselves", () => {
    // 3 literals "abc", then 3 back for 9; then the last literals "xy".
    expect(unpackLz4(legacy([0x35, 0x61, 0x62, 0x63, 3, 0, 0x20, 0x78, 0x79])).toString()).toBe("abcabcabcabcxy");
    // 1 literal, 1 back for 4 + 15 + 2.
    expect(unpackLz4(legacy([0x1f, 0x61, 1, 0, 2, 0x10, 0x62])).toString()).toBe(`${"a".repeat(22)}b`);
  });

  it.each([
    ["literals beyond the end", [0x50, 0x61]],
    ["a match before the beginning", [0x10, 0x61, 2, 0, 0x10, 0x62]],
    ["a match at distance nought", [0x10, 0x61, 0, 0, 0x10, 0x62]],
    ["a length that never ends", [0xf0, 255, 255]],
  ])("refuses %s", (_name, block) => {
    expect(() => unpackLz4(legacy(block))).toThrow(expect.objectContaining({ code: "KERNEL_UNAVAILABLE" }));
  });
});

describe("modules", () => {
  it("name what they need", () => {
    const section = (text: string) => Buffer.from(`ELF...\0license=GPL\0${text}\0retpoline=Y\0`, "latin1");
    expect(dependencies(section("depends=virtio,virtio-ring"))).toEqual(["virtio", "virtio_ring"]);
    expect(dependencies(section("depends="))).toEqual([]);
    expect(dependencies(section("alias=x"))).toEqual([]);
  });

  it("are loaded in order, some only for one kind of ports", () => {
    const modules = [
      { file: "virtio.ko", ports: null },
      { file: "virtio_console.ko", ports: "serial" as const },
    ];
    expect(moduleOrder(modules)).toBe("virtio.ko\nvirtio_console.ko serial\n");
  });
});
