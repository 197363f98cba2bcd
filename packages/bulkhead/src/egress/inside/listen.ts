import type { Channel } from "../../channel/channel.js";
import { Connection } from "../../channel/connection.js";
import type { ChannelStream } from "../../channel/stream.js";
import type { BulkheadError } from "../../errors/bulkhead-error.js";

/** A listener of init's that serves us. */
export interface Listener {
  /**
   * Resolves when it listens; rejects with the reason if it cannot (LISTEN_FAILED, or the error that ended the
   * channel).
   */
  readonly listening: Promise<void>;
  close(): void;
}

/** Makes init listen for TCP on an address of its loopback. `take` gets each connection. */
export function listenTcp(
  channel: Channel,
  address: string,
  port: number,
  take: (connection: Connection) => void,
): Listener {
  let stream: ChannelStream | undefined;
  const listening = new Promise<void>((resolve, reject) => {
    stream = channel.open(
      { op: "listen", transport: "tcp", address, port },
      {
        accepted: () => resolve(),
        data: () => undefined,
        connection: (open) => {
          const connection = new Connection(open);
          // The connection's user sees its end; without a listener an error would end this process.
          connection.on("error", () => undefined);
          take(connection);
        },
        result: () => undefined,
        failed: (error: BulkheadError) => reject(error),
      },
    );
  });
  listening.catch(() => undefined);
  return { listening, close: () => stream?.cancel() };
}
