import { open } from "node:fs/promises";

/**
 * Reads a caller's file as text, of at most `maximum` bytes. Throws as `node:fs` does, and RangeError for a longer one.
 */
export async function readBounded(path: string, maximum: number): Promise<string> {
  await using handle = await open(path, "r");
  const buffer = Buffer.alloc(maximum + 1);
  let length = 0;
  for (;;) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length);
    if (bytesRead === 0) return buffer.toString("utf8", 0, length);
    length += bytesRead;
    if (length > maximum) throw new RangeError("too large");
  }
}
