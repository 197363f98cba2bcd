import { Socket } from "node:net";
import type { Duplex } from "node:stream";

/** Whether a stream failed because its other end reset the connection instead of ending its half. */
export function isReset(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ECONNRESET";
}

/** Passes a reset on: otherwise the reader would take the data so far as complete. */
export function passReset(stream: Duplex, error: Error): void {
  if (stream instanceof Socket) stream.resetAndDestroy();
  else stream.destroy(error);
}
