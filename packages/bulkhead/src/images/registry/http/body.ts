import { BulkheadError } from "../../../errors/bulkhead-error.js";
import { networkFailure, shown, TransientFailure } from "../failure.js";
import type { RegistryTiming } from "../settings.js";
import type { Answer } from "./exchange.js";

/**
 * The body of an answer, as long as it arrives fast enough. Counts only waiting time, not what its reader does in
 * between. Throws TransientFailure when it stalls or breaks off.
 */
export async function* paced(
  { body, url, signal }: Answer,
  { paceMs, paceBytes }: Pick<RegistryTiming, "paceMs" | "paceBytes">,
): AsyncGenerator<Uint8Array> {
  const chunks: AsyncIterator<Uint8Array> = body[Symbol.asyncIterator]();
  let waitedMs = 0;
  let bytes = 0;
  try {
    for (;;) {
      const since = performance.now();
      const timer = setTimeout(() => body.destroy(new TransientFailure({ detail: "stalled" })), paceMs - waitedMs);
      const { done, value } = await chunks.next().finally(() => clearTimeout(timer));
      if (done === true) return;
      waitedMs += performance.now() - since;
      bytes += value.length;
      if (bytes >= paceBytes) [waitedMs, bytes] = [0, 0];
      yield value;
    }
  } catch (error) {
    // To the body an abort looks like a broken connection.
    throw networkFailure(signal?.aborted === true ? signal.reason : error, url);
  } finally {
    body.destroy();
  }
}

/** Reads a whole body of at most `maximum` bytes. Throws IMAGE_LIMIT if it is longer, and as `paced`. */
export async function readBody(
  answer: Answer,
  maximum: number,
  timing: Pick<RegistryTiming, "paceMs" | "paceBytes">,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of paced(answer, timing)) {
    length += chunk.length;
    if (length > maximum) {
      const path = shown(answer.url);
      throw new BulkheadError("IMAGE_LIMIT", { operation: "read answer", path, detail: `${maximum} bytes` });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}
