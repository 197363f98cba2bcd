import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { extractKernel } from "../../src/guest/kernel/extract.js";
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

/** Flags of `lz4` for the legacy frame. */
const LEGACY = "-lc9q";
/** A block of the format ends in literals: lz4, doc/lz4_Block_format.md. */
const TAIL = [0xc0, ...Buffer.from("twelve bytes")];

describe("extractKernel of a compressed kernel", () => {
  const compress = (program: string, flags: string, bytes = ELF) =>
    execFileSync(program, [flags], { input: bytes, maxBuffer: 2 * bytes.length + 4096 });

  it.each([
    ["lz4", LEGACY],
    ["zstd", "-cq"],
    ["xz", "-cq"],
  ])("made by %s %s", async (program, flags) => {
    expect(await extractKernel(bootImage(compress(program, flags)), "vmlinuz")).toEqual(ELF);
  });

  it("made by lz4 of more than one block of 8 MiB", async () => {
    const large = Buffer.concat([ELF, randomBytes(9 * 1024 * 1024)]);
    const kernel = await extractKernel(bootImage(compress("lz4", LEGACY, large)), "vmlinuz");
    expect(kernel.equals(large)).toBe(true);
  });

  it.each([
    ["literals beyond the end", legacy([0x50, 0x61])],
    ["a match before the beginning", legacy([0x10, 0x61, 2, 0, ...TAIL])],
    ["a length that never ends", legacy([0xf0, 255, 255])],
    ["a block that is cut short", legacy([0x10, 0x61, 1, 0, ...TAIL]).subarray(0, -3)],
  ])("refuses %s", async (_name, payload) => {
    await expect(extractKernel(bootImage(payload), "vmlinuz")).rejects.toMatchObject({
      code: "KERNEL_UNAVAILABLE",
      operation: "lz4",
    });
  });

  // The program reads such a match as zeroes; what it makes of a kernel is still no ELF file.
  it("refuses a match at distance nought in the place of the ELF file's head", async () => {
    const payload = legacy([0x10, 0x7f, 0, 0, ...TAIL]);
    await expect(extractKernel(bootImage(payload), "vmlinuz")).rejects.toMatchObject({ code: "KERNEL_UNAVAILABLE" });
  });

  it("takes the same blocks without the fault", async () => {
    const whole = legacy([0x40, ...ELF.subarray(0, 4), 1, 0, ...TAIL]);
    const kernel = await extractKernel(bootImage(whole), "vmlinuz");
    expect(kernel.toString("latin1")).toBe("\x7fELFFFFFtwelve bytes");
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
