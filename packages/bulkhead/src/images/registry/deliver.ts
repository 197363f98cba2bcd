import { invalid } from "../documents/invalid.js";
import type { RegistryClient } from "./client.js";
import { TransientFailure } from "./failure.js";
import { paced } from "./http/body.js";
import type { Answer } from "./http/exchange.js";
import type { WantedBlob } from "./registry.js";
import type { RegistryTiming } from "./settings.js";

/**
 * Bytes of a body that must arrive before earlier failures are forgotten: a registry that sends one byte and resets
 * makes no progress.
 */
const PROGRESS_BYTES = 1024 * 1024;

/**
 * A blob from `offset` on, with exactly the promised number of bytes, however often the connection breaks; the digest
 * is not checked. Throws IMAGE_INVALID, IMAGE_NOT_FOUND, REGISTRY_*, ABORTED.
 */
export async function* deliver(
  client: RegistryClient,
  wanted: WantedBlob,
  offset: number,
  timing: RegistryTiming,
): AsyncGenerator<Uint8Array> {
  const at: Position = { have: offset, mayResume: true };
  const patience = client.patience();
  while (at.have < wanted.sizeBytes) {
    const before = at.have;
    try {
      yield* receive(client, wanted, at, timing);
    } catch (error) {
      if (at.have - before >= PROGRESS_BYTES) patience.progressed();
      await patience.after(error, "get blob", client.blobPath(wanted.digest));
    }
  }
}

interface Position {
  have: number;
  /** Whether the registry can resume in the middle of a blob. */
  mayResume: boolean;
}

/** One request, and as much of the blob as it delivers. */
async function* receive(
  client: RegistryClient,
  { digest, sizeBytes }: WantedBlob,
  at: Position,
  timing: RegistryTiming,
): AsyncGenerator<Uint8Array> {
  const answer = await client.blob(digest, at.mayResume ? at.have : 0);
  if (answer.status === 206 && !continues(answer, at.have, sizeBytes)) {
    answer.body.destroy();
    at.mayResume = false;
    throw new TransientFailure({ detail: "content-range" });
  }
  if (answer.status === 416) {
    answer.body.destroy();
    at.mayResume = false;
    return;
  }
  // The registry sends all of it again: skip what we already have.
  let skip = answer.status === 200 ? at.have : 0;
  const announced = answer.headers["content-length"];
  if (announced !== undefined && Number(announced) !== sizeBytes - at.have + skip) {
    answer.body.destroy();
    throw invalid("download blob", "size", client.blobPath(digest));
  }
  for await (const chunk of paced(answer, timing)) {
    const fresh = chunk.subarray(skip);
    skip -= chunk.length - fresh.length;
    if (at.have + fresh.length > sizeBytes) throw invalid("download blob", "size", client.blobPath(digest));
    at.have += fresh.length;
    if (fresh.length > 0) yield fresh;
  }
  // An answer without a length that just ends may have been cut off.
  if (at.have < sizeBytes) throw new TransientFailure({ detail: "truncated" });
}

/** Whether a partial answer is the requested part: another one would be written to the wrong place. */
function continues({ headers }: Answer, offset: number, sizeBytes: number): boolean {
  const [, start, end, total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(headers["content-range"] ?? "") ?? [];
  return Number(start) === offset && Number(end) === sizeBytes - 1 && (total === "*" || Number(total) === sizeBytes);
}
