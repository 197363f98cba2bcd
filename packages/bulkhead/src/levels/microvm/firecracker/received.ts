import type { Socket } from "node:net";
import { BulkheadError } from "../../../errors/bulkhead-error.js";
import { WakeUp } from "../../../values/wake-up.js";
import type { SavedFile } from "../../driver.js";
import { SavingFile } from "../snapshot/save.js";

const LENGTH_BYTES = 8;
/** The relay's command for "send what is written" (`warden/relay/src/snapshot.rs`). */
const SEND = "s";
const SAVE_MS = 120_000;

/** Path of a snapshot's memory, whose devices are in `file`. */
export function memoryBeside(file: string): string {
  return `${file}-memory`;
}

/**
 * Asks the relay for the two files of a snapshot and writes them to new ones. Each comes as its length followed by its
 * bytes, which are hostile, and which only a Firecracker in a jail ever parses; `most` bounds them.
 * @throws BulkheadError VMM_FAILED, VMM_PROTOCOL_VIOLATION
 */
export async function receiveSnapshot(state: Socket, file: string, most: number): Promise<readonly SavedFile[]> {
  const files: SavedFile[] = [];
  let left = most;
  let rest: Buffer = Buffer.alloc(0);
  const reader = new Reader(state);
  try {
    state.write(SEND);
    for (const path of [file, memoryBeside(file)]) {
      while (rest.length < LENGTH_BYTES) rest = Buffer.concat([rest, await reader.next()]);
      const length = rest.readBigUInt64BE();
      if (length > BigInt(left)) throw violation("snapshot of too many bytes");
      left -= Number(length);
      const received = await receiveFile(reader, rest.subarray(LENGTH_BYTES), path, Number(length));
      files.push(received.saved);
      rest = received.rest;
    }
    if (rest.length > 0) throw violation("bytes behind a snapshot");
    return files;
  } finally {
    reader.stop();
  }
}

/** Also returns the bytes that came after it. */
async function receiveFile(
  reader: Reader,
  first: Buffer,
  path: string,
  length: number,
): Promise<{ readonly saved: SavedFile; readonly rest: Buffer }> {
  const file = new SavingFile(path);
  try {
    for (let chunk = first; ; chunk = await reader.next()) {
      const part = chunk.subarray(0, length - file.bytes);
      file.write(part);
      await file.drained();
      if (file.bytes === length) return { saved: await file.finish(), rest: chunk.subarray(part.length) };
    }
  } finally {
    await file.close();
  }
}

/** Chunks of another owner's stream, one at a time: it is paused while no one waits for one. */
class Reader {
  readonly #stream: Socket;
  readonly #chunks: Buffer[] = [];
  readonly #news = new WakeUp();
  #lost: BulkheadError | undefined;
  readonly #timer: NodeJS.Timeout;
  readonly #take = (chunk: Buffer) => {
    this.#chunks.push(chunk);
    this.#stream.pause();
    this.#news.wake();
  };
  readonly #end = () => this.#lose("connection ended");

  constructor(stream: Socket) {
    this.#stream = stream;
    this.#timer = setTimeout(() => this.#lose(`not written in ${SAVE_MS} ms`), SAVE_MS);
    stream.on("data", this.#take).on("end", this.#end).on("close", this.#end);
  }

  async next(): Promise<Buffer> {
    while (this.#chunks.length === 0) {
      if (this.#lost !== undefined) throw this.#lost;
      this.#stream.resume();
      await this.#news.wait();
    }
    return this.#chunks.shift() ?? Buffer.alloc(0);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#stream.off("data", this.#take).off("end", this.#end).off("close", this.#end).resume();
  }

  #lose(detail: string): void {
    this.#lost ??= new BulkheadError("VMM_FAILED", { operation: "snapshot", detail });
    this.#news.wake();
  }
}

function violation(detail: string): BulkheadError {
  return new BulkheadError("VMM_PROTOCOL_VIOLATION", { operation: "snapshot", detail });
}
