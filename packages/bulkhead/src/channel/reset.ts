import { Socket } from "node:net";
import type { Duplex } from "node:stream";

/** Whether a stream failed because its other end reset the connection, and not by ending its half of it. */
export function isReset(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ECONNRESET";
}

/** Ends a connection as its opposite ended: what was reset there is reset here, so that nobody takes what came so far for all there is. */
export function passReset(stream: Duplex, error: Error): void {
  if (stream instanceof Socket) stream.resetAndDestroy();
  else stream.destroy(error);
}
