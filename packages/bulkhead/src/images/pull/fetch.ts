import { Readable } from "node:stream";
import { Slots } from "../../concurrency/slots.js";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { RemoteRegistry } from "../fetcher/remote.js";
import type { Digest } from "../reference/digest.js";
import type { Wanted } from "../registry/registry.js";
import type { Store } from "../store/store.js";
import { download } from "./download.js";
import type { OnPullEvent } from "./progress.js";

/**
 * Brings the blobs of one image into the store, several at a time, lowest layer first. Each is shared with whoever else wants it: of all processes
 * and pulls one downloads, and the others wait.
 */
export class Fetcher {
  readonly #registry: RemoteRegistry;
  readonly #store: Store;
  readonly #onEvent: OnPullEvent;
  readonly #abort: AbortController;
  readonly #slots: Slots;
  #downloadedBytes = 0;

  /** `abort` is the registry's: when one blob fails the others are given up. */
  constructor(registry: RemoteRegistry, store: Store, parallel: number, onEvent: OnPullEvent, abort: AbortController) {
    this.#registry = registry;
    this.#store = store;
    this.#onEvent = onEvent;
    this.#abort = abort;
    this.#slots = new Slots(parallel);
  }

  /** What came over the network so far, of blobs that are whole. */
  get downloadedBytes(): number {
    return this.#downloadedBytes;
  }

  /** One blob, at once. Throws as `download`. */
  async fetch(wanted: Wanted, report: OnPullEvent = () => undefined): Promise<void> {
    const { digest, sizeBytes: totalBytes } = wanted;
    const tell = (state: "waiting" | "downloading" | "present" | "downloaded", bytes: number) =>
      report({ type: "layer", digest, state, bytes, totalBytes });
    tell("waiting", 0);
    const turn = await this.#store.blobs.claim(digest, this.#abort.signal);
    if (turn === undefined) {
      tell("present", totalBytes);
      return;
    }
    let first: number | undefined;
    try {
      await download(this.#registry, wanted, turn.path, (have) => {
        first ??= have;
        tell("downloading", have);
      });
      await this.#store.blobs.publish(turn, digest);
    } catch (error) {
      // What is wrong would be wrong again; what is only incomplete is the next one's start.
      const wrong = error instanceof BulkheadError && error.code === "IMAGE_INVALID";
      await (wrong ? turn.end() : turn.leave());
      throw error;
    }
    this.#downloadedBytes += totalBytes - (first ?? 0);
    tell("downloaded", totalBytes);
  }

  /** Begins with all of them. The layer's bytes can be had before its download has begun: reading waits for it. */
  begin(layers: readonly Wanted[]): { readonly all: Promise<void>; readonly open: (digest: Digest) => Readable } {
    // The same layer may be in an image twice.
    const running = new Map<Digest, Promise<void>>();
    for (const layer of layers) {
      if (running.has(layer.digest)) continue;
      const fetched = this.#slots.use(() => this.fetch(layer, this.#onEvent));
      // Whoever waits for it is told, too.
      fetched.catch(() => this.#abort.abort());
      running.set(layer.digest, fetched);
    }
    return {
      all: settle([...running.values()]),
      open: (digest) => Readable.from(this.#read(digest, running.get(digest)), { objectMode: false }),
    };
  }

  async *#read(digest: Digest, fetched: Promise<void> | undefined): AsyncGenerator<Uint8Array> {
    await fetched;
    yield* this.#store.blobs.stream(digest) as AsyncIterable<Uint8Array>;
  }
}

/** Waits for all, then throws what the first that failed threw: nothing goes on behind the caller's back. */
async function settle(all: readonly Promise<void>[]): Promise<void> {
  const failed = new Promise<never>((_, reject) => {
    for (const each of all) each.catch(reject);
  });
  failed.catch(() => undefined);
  const settled = await Promise.allSettled(all);
  if (settled.some(({ status }) => status === "rejected")) await failed;
}
