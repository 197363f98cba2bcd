import type { Channel } from "../../channel/channel.js";
import { Connection } from "../../channel/connection.js";
import type { ChannelStream } from "../../channel/stream.js";
import type { BulkheadError } from "../../errors/bulkhead-error.js";

/** What init listens on for us. */
export interface Listener {
  /** Resolves when it listens; rejects with why it cannot (LISTEN_FAILED, or what the channel ended with). */
  readonly listening: Promise<void>;
  close(): void;
}

/** Has init listen for TCP on an address of its loopback. Each connection is given to `take`. */
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
          // Whoever uses it finds out by its end; without a listener an error would end this process.
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
