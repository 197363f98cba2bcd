import { closeSync, openSync, readSync } from "node:fs";

const ID_BYTES = 8;
/** Number of ids to draw at once, for programs that create many sandboxes. */
const BATCH = 64 * ID_BYTES;

let drawn = Buffer.alloc(0);

/**
 * A sandbox's id: 64 random bits, so that the clients of one broker never collide. From the kernel and not from
 * `node:crypto`, because loading that module costs a one-command program as much as the sandbox itself.
 */
export function freshId(): string {
  if (drawn.length < ID_BYTES) drawn = draw();
  const id = drawn.toString("hex", 0, ID_BYTES);
  drawn = drawn.subarray(ID_BYTES);
  return `s${id}`;
}

function draw(): Buffer<ArrayBuffer> {
  const bytes = Buffer.alloc(BATCH);
  const source = openSync("/dev/urandom", "r");
  try {
    // The kernel never cuts reads of up to 256 bytes short; from a longer one, use only whole ids.
    const length = readSync(source, bytes);
    return bytes.subarray(0, length - (length % ID_BYTES));
  } finally {
    closeSync(source);
  }
}
