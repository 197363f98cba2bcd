import { closeSync, openSync, readSync } from "node:fs";

const ID_BYTES = 8;
/** Drawn at once, for programs that make many sandboxes. */
const BATCH = 64 * ID_BYTES;

let drawn = Buffer.alloc(0);

/**
 * A sandbox's id: 64 random bits, so that the clients of one broker never take each other's. From the kernel and not by
 * `node:crypto`, since loading that costs a program that runs one command as much as the sandbox itself.
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
    // Up to 256 bytes are never cut short; of what may be, only whole ids are used.
    const length = readSync(source, bytes);
    return bytes.subarray(0, length - (length % ID_BYTES));
  } finally {
    closeSync(source);
  }
}
