import { spawn } from "node:child_process";
import type { Socket } from "node:net";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { lastWordsOf } from "../host/last-words.js";
import { wardenPath } from "../host/locate.js";

/** The level of the first sandbox, as far as it can be guessed: a child for it is made while the caller gets ready. */
export type ExpectedLevel = "chroot" | "container";

/** A broker that lives and dies with this process. */
export interface PrivateProcess {
  /** Our end of its control connection; when it closes, the broker ends, and every sandbox of it. */
  readonly control: Socket;
  /** The end of what it said on stderr, or how it ended: for the error when it is lost. */
  lastWords(): string;
}

/**
 * Starts `warden broker --private`. It holds nothing of this process but the socket: no terminal (a ^C there is not for
 * it), no environment, no descriptors; and nothing of it keeps Node from exiting.
 * @throws BulkheadError SETUP_MISSING
 */
export function startPrivate(expect: ExpectedLevel): PrivateProcess {
  // Node before 22 reaches a name of the full length only, and Bun only a shorter one.
  const name = process.versions["bun"] === undefined ? [] : ["--short-name"];
  const child = spawn(wardenPath(), ["broker", "--private", "--expect", expect, ...name], {
    stdio: ["ignore", "ignore", "pipe", "pipe"],
    detached: true,
    env: {},
    cwd: "/",
  });
  const lastWords = lastWordsOf(child);
  const control = child.stdio[3];
  if (control === null || control === undefined) {
    throw new BulkheadError("BROKER_UNAVAILABLE", { operation: "spawn" });
  }
  child.unref();
  return { control: control as Socket, lastWords };
}
