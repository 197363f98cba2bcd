import { gunzipSync } from "node:zlib";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { command } from "../command.js";

const ELF = Buffer.from("\x7fELF", "latin1");

/** Magic numbers of compressed kernels, and their decompressors. */
const FORMATS: readonly { readonly magic: Buffer; readonly unpack: (bytes: Buffer) => Buffer | Promise<Buffer> }[] = [
  // LZ4's legacy frame, which kernels use.
  { magic: Buffer.from([0x02, 0x21, 0x4c, 0x18]), unpack: (bytes) => command("lz4", ["-dcq"], { input: bytes }) },
  { magic: Buffer.from([0x1f, 0x8b]), unpack: (bytes) => gunzipSync(bytes) },
  { magic: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), unpack: (bytes) => command("zstd", ["-dcq"], { input: bytes }) },
  { magic: Buffer.from("\xfd7zXZ\0", "latin1"), unpack: (bytes) => command("xz", ["-dcq"], { input: bytes }) },
];

/**
 * Extracts the ELF file from an x86 boot image. Both VMMs enter it directly, so no start has to decompress it again.
 * Source: Linux, Documentation/arch/x86/boot.rst.
 *
 * Throws KERNEL_UNAVAILABLE if it is not a boot image or has an unknown compression.
 */
export async function extractKernel(image: Buffer, path: string): Promise<Buffer> {
  if (image.subarray(0, ELF.length).equals(ELF)) return image;
  const wrong = (detail: string) =>
    new BulkheadError("KERNEL_UNAVAILABLE", { operation: "unpack kernel", path, detail });
  if (image.length < 0x250 || image.toString("latin1", 0x202, 0x206) !== "HdrS") throw wrong("not a boot image");
  const setupSectors = image[0x1f1] || 4;
  const begin = (setupSectors + 1) * 512 + image.readUInt32LE(0x248);
  // The last four bytes are the unpacked size, which the build appends.
  const end = begin + image.readUInt32LE(0x24c) - 4;
  if (end > image.length || end <= begin) throw wrong("payload");
  const payload = image.subarray(begin, end);
  const format = FORMATS.find(({ magic }) => payload.subarray(0, magic.length).equals(magic));
  if (format === undefined) throw wrong(`compression ${payload.subarray(0, 4).toString("hex")}`);
  const kernel = await format.unpack(payload);
  if (!kernel.subarray(0, ELF.length).equals(ELF)) throw wrong("no ELF file inside");
  return kernel;
}
