import type { FileHandle } from "node:fs/promises";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { TaskOptions } from "../../internal/plan.js";
import { defined } from "../../values/defined.js";
import { roomFor } from "../pull/room.js";
import { errnoOf, unavailable } from "../store/location.js";
import type { Store } from "../store/store.js";
import type { UnpackLimits } from "./limits.js";
import { decompressionFailure } from "./report.js";
import { createDecompressSession, UNPACKER } from "./sandbox.js";

/** An unlinked file: it is gone when it is closed or this process ends. */
export interface Decompressed {
  readonly handle: FileHandle;
  readonly sizeBytes: number;
}

/**
 * Decompresses an archive (gzip or zstd) in its own sandbox into a file of the store, within the limits of unpacking
 * and the store's quota. Throws IMAGE_INVALID, IMAGE_LIMIT, IMAGE_STORE_*, and as creating a sandbox does.
 */
export async function decompress(
  input: Readable,
  store: Store,
  limits: UnpackLimits,
  options: TaskOptions,
): Promise<Decompressed> {
  const bytes = await roomFor(store, [], limits.bytes);
  await using session = await createDecompressSession({ ...limits, bytes }, options);
  const handle = await store.scratchFile();
  try {
    const argv = [UNPACKER, "--decompress", "--max-bytes", String(bytes), "--max-ratio", String(limits.ratio)];
    const process = await session.exec(argv, {
      stdin: "pipe",
      ...defined({ signal: options.signal }),
    });
    const { stdin, stdout, stderr } = process;
    if (stdin === null || stdout === null || stderr === null)
      throw new BulkheadError("IMAGE_UNPACK_FAILED", { operation: "open stdin" });
    // By iteration: this closes neither file, and a pipeline of streams would wait for that.
    const fed = pipeline(input[Symbol.asyncIterator](), stdin);
    fed.catch(() => process.kill("SIGKILL"));
    const written = keep(stdout, handle, bytes);
    written.catch(() => process.kill("SIGKILL"));
    const [read, kept, said, ended] = await Promise.allSettled([fed, written, textOf(stderr), process.result]);
    if (kept.status === "rejected") throw storeFailure(store, kept.reason);
    if (ended.status === "rejected") throw ended.reason;
    const { exitCode, signal } = ended.value;
    if (exitCode !== 0 || read.status === "rejected") {
      const known = said.status === "fulfilled" ? decompressionFailure(said.value) : undefined;
      const detail = signal ?? `exit code ${exitCode}`;
      throw known ?? new BulkheadError("IMAGE_UNPACK_FAILED", { operation: "decompress archive", detail });
    }
    return { handle, sizeBytes: (await handle.stat()).size };
  } catch (error) {
    await handle.close();
    if (!(error instanceof BulkheadError) || error.code !== "TIMED_OUT") throw error;
    throw new BulkheadError("IMAGE_LIMIT", { operation: "decompress archive", detail: "time", cause: error });
  }
}

/** The decompressor counts as well, but it has read hostile input. */
async function keep(chunks: AsyncIterable<Uint8Array>, handle: FileHandle, bytes: number): Promise<void> {
  let count = 0;
  for await (const chunk of chunks) {
    count += chunk.length;
    if (count > bytes) throw new BulkheadError("IMAGE_LIMIT", { operation: "decompress archive", detail: "max-bytes" });
    await handle.appendFile(chunk);
  }
}

async function textOf(stream: Readable): Promise<string> {
  let text = "";
  for await (const chunk of stream) text = `${text}${chunk}`.slice(0, 4096);
  return text;
}

function storeFailure(store: Store, error: unknown): BulkheadError {
  return error instanceof BulkheadError ? error : unavailable(store.path, errnoOf(error));
}
