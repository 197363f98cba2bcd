import { Readable } from "node:stream";
import { Slots } from "../../concurrency/slots.js";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { RemoteRegistry } from "../fetcher/remote.js";
import type { Digest } from "../reference/digest.js";
import type { WantedBlob } from "../registry/registry.js";
import type { Store } from "../store/store.js";
import { download } from "./download.js";
import type { OnPullEvent } from "./progress.js";

/**
 * Downloads the blobs of one image into the store, several at a time, lowest layer first. Each is shared among all
 * processes and pulls: one downloads, and the others wait.
 */
export class Fetcher {
  readonly #registry: RemoteRegistry;
  readonly #store: Store;
  readonly #onEvent: OnPullEvent;
  readonly #abort: AbortController;
  readonly #slots: Slots;
  #downloadedBytes = 0;

  /** `abort` belongs to the registry: if one blob fails, the others are cancelled. */
  constructor(registry: RemoteRegistry, store: Store, parallel: number, onEvent: OnPullEvent, abort: AbortController) {
    this.#registry = registry;
    this.#store = store;
    this.#onEvent = onEvent;
    this.#abort = abort;
    this.#slots = new Slots(parallel);
  }

  /** Bytes downloaded so far, of complete blobs. */
  get downloadedBytes(): number {
    return this.#downloadedBytes;
  }

  /** Downloads one blob at once. Throws as `download`. */
  async fetch(wanted: WantedBlob, report: OnPullEvent = () => undefined): Promise<void> {
    const { digest, sizeBytes: totalBytes } = wanted;
    const tell = (state: "waiting" | "downloading" | "present" | "downloaded", bytes: number) =>
      report({ type: "layer", digest, state, bytes, totalBytes });
    tell("waiting", 0);
    const claim = await this.#store.blobs.claim(digest, this.#abort.signal);
    if (claim === undefined) {
      tell("present", totalBytes);
      return;
    }
    let first: number | undefined;
    try {
      await download(this.#registry, wanted, claim.path, (have) => {
        first ??= have;
        tell("downloading", have);
      });
      await this.#store.blobs.publish(claim, digest);
    } catch (error) {
      // A wrong blob would be wrong again; an incomplete one is the start of the next try.
      const wrong = error instanceof BulkheadError && error.code === "IMAGE_INVALID";
      await (wrong ? claim.end() : claim.release());
      throw error;
    }
    this.#downloadedBytes += totalBytes - (first ?? 0);
    tell("downloaded", totalBytes);
  }

  /** Starts all downloads. A layer can be read before its download has begun: reading waits for it. */
  begin(layers: readonly WantedBlob[]): { readonly all: Promise<void>; readonly open: (digest: Digest) => Readable } {
    // A layer may occur twice in an image.
    const running = new Map<Digest, Promise<void>>();
    for (const layer of layers) {
      if (running.has(layer.digest)) continue;
      const fetched = this.#slots.use(() => this.fetch(layer, this.#onEvent));
      // Whoever waits for the layer gets the error, too.
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

/** Waits for all, then throws the error of the first that failed: nothing continues in the background. */
async function settle(all: readonly Promise<void>[]): Promise<void> {
  const failed = new Promise<never>((_, reject) => {
    for (const each of all) each.catch(reject);
  });
  failed.catch(() => undefined);
  const settled = await Promise.allSettled(all);
  if (settled.some(({ status }) => status === "rejected")) await failed;
}
