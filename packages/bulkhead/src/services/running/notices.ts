import type { Channel } from "../../channel/channel.js";
import { FD_OUT } from "../../channel/protocol.js";
import type { ChannelStream } from "../../channel/stream.js";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { printableLine } from "../../errors/describe.js";
import { after } from "../../session/timer.js";
import { deferred } from "../../values/deferred.js";

/** What a program says of itself, as sd_notify(3) sends it. */
export interface Notice {
  readonly ready: boolean;
  readonly stopping: boolean;
  /** Made printable; undefined: it says none. */
  readonly status: string | undefined;
}

/** Init answers at once; a hostile one need not answer at all. */
const ANSWER_MS = 10_000;
/** `u32 peer, u16 length`: see `docs/channel.md`. */
const HEAD = 6;
/** The largest that init passes on. */
const LARGEST = 4096;
const LONGEST_STATUS = 256;
/**
 * A program may send as fast as it can. What has arrived is taken at once, and as much again is let in after this time:
 * at most one window of 256 KiB each time.
 */
const NEXT_MS = 1_000;

/**
 * Makes init listen for datagrams at `path` inside, until the sandbox ends.
 * @throws BulkheadError LISTEN_FAILED, or why the channel ended
 */
export async function listenForNotices(channel: Channel, path: string, take: (notice: Notice) => void): Promise<void> {
  const listening = deferred();
  const datagrams = new Datagrams();
  const stream: ChannelStream = channel.open(
    { op: "listen", transport: "unixgram", path },
    {
      accepted: () => listening.resolve(),
      data: (fd, chunk) => {
        after(NEXT_MS, () => stream.consumed(fd, chunk.length), { idle: true });
        if (fd === FD_OUT) for (const datagram of datagrams.push(chunk)) take(readNotice(datagram));
      },
      result: () => undefined,
      failed: (error: BulkheadError) => listening.reject(error),
    },
  );
  const late = after(ANSWER_MS, () => {
    listening.reject(new BulkheadError("LISTEN_FAILED", { operation: "listen", detail: "no answer in time" }));
  });
  await listening.promise.finally(() => late.stop());
}

/** The text of a datagram: lines of NAME=VALUE. Other names than these three mean nothing here. */
export function readNotice(datagram: Buffer): Notice {
  const lines = datagram.toString("utf8").split("\n");
  const status = lines.findLast((line) => line.startsWith("STATUS="))?.slice("STATUS=".length);
  return {
    ready: lines.includes("READY=1"),
    stopping: lines.includes("STOPPING=1"),
    status: status === undefined ? undefined : printableLine(status.slice(0, LONGEST_STATUS)).toWellFormed(),
  };
}

/** Splits a stream into its datagrams. One that is longer than init's longest is init's lie, and ends the splitting. */
export class Datagrams {
  #rest: Buffer = Buffer.alloc(0);
  #broken = false;

  push(chunk: Buffer): readonly Buffer[] {
    if (this.#broken) return [];
    const found: Buffer[] = [];
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (bytes.length >= HEAD) {
      const length = bytes.readUInt16BE(HEAD - 2);
      this.#broken = length > LARGEST;
      if (this.#broken || bytes.length < HEAD + length) break;
      found.push(Buffer.from(bytes.subarray(HEAD, HEAD + length)));
      bytes = bytes.subarray(HEAD + length);
    }
    this.#rest = Buffer.from(bytes);
    return found;
  }
}
