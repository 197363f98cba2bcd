import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { Digest } from "../reference/digest.js";

export interface CapturedLayer {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly diffId: Digest;
}

/** Writes a generated tar to a file, compressed or not, and computes its digests on the way. */
export async function captureLayer(
  tar: AsyncIterable<Uint8Array>,
  path: string,
  compress: boolean,
): Promise<CapturedLayer> {
  const [plain, stored] = [createHash("sha256"), createHash("sha256")];
  const file = createWriteStream(path, { flags: "wx", mode: 0o600 });
  const inner = hashed(plain);
  const outer = hashed(stored);
  // Speed matters more than a few megabytes of the store: level 1.
  if (compress) await pipeline(tar, inner, createGzip({ level: 1 }), outer, file);
  else await pipeline(tar, inner, outer, file);
  const { size: sizeBytes } = await stat(path);
  return { digest: `sha256:${stored.digest("hex")}`, sizeBytes, diffId: `sha256:${plain.digest("hex")}` };
}

function hashed(hash: ReturnType<typeof createHash>) {
  return async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      hash.update(chunk);
      yield chunk;
    }
  };
}
