import { pipeline, type Readable, Transform } from "node:stream";
import { BulkheadError } from "bulkhead";
import type { FastifyRequest } from "fastify";

export const BYTES_TYPE = "application/octet-stream";

/** Of a file, or of one write to a stdin. */
export const UPLOAD_BYTES = 256 * 1024 * 1024;

/** A connection over which nothing moves for this long is closed. */
export const STALL_MS = 60_000;

/** The body of a request as bytes, at most {@link UPLOAD_BYTES}: a chunked body does not say its length before. */
export function uploadOf({ raw, headers }: FastifyRequest, isBytes: boolean): Readable {
  if (!isBytes) return raw;
  if (headers["content-type"] !== BYTES_TYPE) {
    throw new BulkheadError("API_REQUEST_INVALID", { detail: `Content-Type: ${BYTES_TYPE}` });
  }
  let left = UPLOAD_BYTES;
  const limited = new Transform({
    transform: (piece: Buffer, _encoding, done) => {
      left -= piece.length;
      if (left < 0) done(new BulkheadError("FILE_TOO_LARGE", { operation: "upload", detail: `${UPLOAD_BYTES} bytes` }));
      else done(null, piece);
    },
  });
  // Its failure reaches the reader of `limited`.
  pipeline(raw, limited, () => undefined);
  return limited;
}
