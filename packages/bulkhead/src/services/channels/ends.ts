import type { Channel } from "../../channel/channel.js";
import { Connection } from "../../channel/connection.js";
import type { Listen } from "../../contract/generated/channel-requests.js";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { after } from "../../session/timer.js";
import { deferred } from "../../values/deferred.js";
import type { ChannelSpec } from "./contract.js";

/** Where init listens for us. */
export type ListenAt = { readonly path: string } | { readonly address: string; readonly port: number };

/** Init answers at once; a hostile one need not answer at all. */
const ANSWER_MS = 10_000;

/** A listener of init's that serves us. */
export interface Listener {
  /** Resolves when it listens. Rejects with LISTEN_FAILED or the error that ended the channel. */
  readonly listening: Promise<void>;
  /** Resolves when it is closed, and the file of a Unix socket is removed. */
  close(): Promise<void>;
}

/** Makes init listen inside. `take` gets each connection. */
export function listen(channel: Channel, at: ListenAt, take: (connection: Connection) => void): Listener {
  const [listening, over] = [deferred<void>(), deferred<void>()];
  const request: Listen = "path" in at ? { transport: "unix", ...at } : { transport: "tcp", ...at };
  const stream = channel.open(
    { op: "listen", ...request },
    {
      accepted: () => listening.resolve(),
      data: () => undefined,
      connection: (open) => {
        const connection = new Connection(open);
        // Its user sees the end; without a listener an error would end this process.
        connection.on("error", () => undefined);
        take(connection);
      },
      result: () => over.resolve(),
      failed: (error: BulkheadError) => {
        listening.reject(error);
        over.resolve();
      },
    },
  );
  const late = after(ANSWER_MS, () => {
    listening.reject(new BulkheadError("LISTEN_FAILED", { operation: "listen", detail: "no answer in time" }));
  });
  const answered = () => late.stop();
  listening.promise.then(answered, answered);
  const close = async () => {
    stream.cancel();
    const timer = after(ANSWER_MS, () => over.resolve());
    await over.promise;
    timer.stop();
  };
  return { listening: listening.promise, close };
}

/** Connects to a target inside. @throws BulkheadError CONNECT_FAILED, TOO_MANY_OPERATIONS, or why the channel ended */
export function connectTo(channel: Channel, target: ChannelSpec["target"], signal: AbortSignal): Promise<Connection> {
  const request = "socket" in target ? { path: target.socket } : target;
  return new Promise((resolve, reject) => {
    const connection = new Connection(
      (handler) => channel.open({ op: "connect", ...request }, handler),
      () => {
        signal.removeEventListener("abort", abort);
        resolve(connection);
      },
    );
    // Init need not answer.
    const abort = () => connection.destroy(new BulkheadError("ABORTED", { operation: "connect" }));
    signal.addEventListener("abort", abort, { once: true });
    // Later errors are seen by its user.
    connection.on("error", (error) => {
      signal.removeEventListener("abort", abort);
      reject(error);
    });
  });
}
