import { Buffer } from "node:buffer";
import type { Channel } from "../../channel/channel.js";
import { FD_OUT } from "../../channel/protocol.js";
import type { ChannelStream } from "../../channel/stream.js";
import type { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Listener } from "./listen.js";

/** `u32 peer, u16 length`: see `docs/channel.md`. */
const HEAD = 6;
/** Maximum number of queued answers. More are dropped, as datagrams may be. */
const WAITING = 512;

/** Makes init listen for datagrams. `answer` returns the reply, or nothing. */
export function listenUdp(
  channel: Channel,
  address: string,
  port: number,
  answer: (datagram: Buffer) => Promise<Buffer | undefined>,
): Listener {
  let stream: ChannelStream | undefined;
  let rest: Buffer = Buffer.alloc(0);
  const waiting: Buffer[] = [];
  let writing = false;

  const write = () => {
    const next = waiting.shift();
    writing = next !== undefined;
    if (next !== undefined) stream?.write(next, write);
  };
  const receive = (peer: Buffer, datagram: Buffer) => {
    answer(datagram).then(
      (reply) => {
        if (reply === undefined || waiting.length >= WAITING) return;
        const head = Buffer.alloc(HEAD);
        peer.copy(head);
        head.writeUInt16BE(reply.length, 4);
        waiting.push(Buffer.concat([head, reply]));
        if (!writing) write();
      },
      () => undefined,
    );
  };
  const take = (chunk: Buffer) => {
    let bytes = Buffer.concat([rest, chunk]);
    while (bytes.length >= HEAD && bytes.length >= HEAD + bytes.readUInt16BE(4)) {
      const end = HEAD + bytes.readUInt16BE(4);
      receive(Buffer.from(bytes.subarray(0, 4)), Buffer.from(bytes.subarray(HEAD, end)));
      bytes = bytes.subarray(end);
    }
    rest = Buffer.from(bytes);
  };
  const listening = new Promise<void>((resolve, reject) => {
    stream = channel.open(
      { op: "listen", transport: "udp", address, port },
      {
        accepted: () => resolve(),
        data: (fd, chunk) => {
          stream?.consumed(fd, chunk.length);
          if (fd === FD_OUT) take(chunk);
        },
        result: () => undefined,
        failed: (error: BulkheadError) => reject(error),
      },
    );
  });
  listening.catch(() => undefined);
  return { listening, close: () => stream?.cancel() };
}
