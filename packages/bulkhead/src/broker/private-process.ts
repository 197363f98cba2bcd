import { spawn } from "node:child_process";
import type { Socket } from "node:net";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { lastWordsOf } from "../host/last-words.js";
import { wardenPath } from "../host/locate.js";

/** The likely level of the first sandbox: the broker prepares a child for it while the caller gets ready. */
export type ExpectedLevel = "chroot" | "container";

/** A broker that lives and dies with this process. */
export interface PrivateProcess {
  /** Our end of the control connection; when it closes, the broker and all its sandboxes end. */
  readonly control: Socket;
  /** The end of the broker's stderr, or how it ended: for the error if it is lost. */
  lastWords(): string;
}

/**
 * Starts `warden broker --private`. The broker inherits nothing but the socket: no terminal (a ^C there is not for it),
 * no environment, no descriptors; and it does not keep Node from exiting.
 * @throws BulkheadError SETUP_MISSING
 */
export function startPrivate(expect: ExpectedLevel): PrivateProcess {
  // Node before 22 connects only to an abstract name of full length, and Bun only to a shorter one.
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
