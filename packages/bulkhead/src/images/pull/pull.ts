import { type Telling, whileTelling } from "../../arguments/callbacks.js";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { TaskOptions } from "../../internal/plan.js";
import type { VerifyRule } from "../../policy/resolved.js";
import { DOCUMENT_BYTES } from "../documents/bounds.js";
import { RemoteRegistry } from "../fetcher/remote.js";
import { layersOf } from "../reader/layers.js";
import { Reader } from "../reader/reader.js";
import { chainKey, treeKeys } from "../reference/chain.js";
import { formatImageName, type ImageName } from "../reference/name.js";
import type { Registry } from "../registry/registry.js";
import { type RegistryOptions, registrySettings } from "../registry/settings.js";
import type { NameRecord } from "../store/names.js";
import { PULL } from "../store/pins.js";
import type { Store } from "../store/store.js";
import { unpackInto } from "../unpack/into-store.js";
import { DEFAULT_UNPACK_LIMITS, type UnpackLimits } from "../unpack/limits.js";
import { prepareToUnpack } from "../unpack/sandbox.js";
import { Fetcher } from "./fetch.js";
import type { OnPullEvent } from "./progress.js";
import { roomFor } from "./room.js";

export interface PullOptions {
  readonly registry?: RegistryOptions | undefined;
  readonly limits?: Partial<UnpackLimits> | undefined;
  readonly onEvent?: OnPullEvent | undefined;
  /** Who must have signed it. */
  readonly rule?: VerifyRule | undefined;
  /** Which broker runs the sandbox that unpacks, and when to stop. */
  readonly sandbox?: TaskOptions;
}

export interface PulledImage {
  readonly record: NameRecord;
  /** Directories that form its root file system, topmost first. */
  readonly paths: readonly string[];
  /** Keeps them in the store until it is disposed of. */
  readonly pin: Disposable;
}

/**
 * Pulls an image by its name, even if the store has an image of that name: asks the registry for its digest, downloads
 * the missing blobs, and unpacks each layer while those above are still downloading. Writes the name last.
 *
 * Throws IMAGE_NOT_FOUND, IMAGE_INVALID, IMAGE_LIMIT, IMAGE_STORE_FULL, REGISTRY_*, SIGNATURE_*, ABORTED, and as
 * `unpackLayers`.
 */
export async function pull(store: Store, name: ImageName, options: PullOptions): Promise<PulledImage> {
  const told = { operation: "pull image", name: "options.images.onEvent" };
  const given = options.sandbox?.signal;
  const action = async ({ tell, signal }: Telling<Parameters<OnPullEvent>>) =>
    await pullTelling(store, name, options, tell, signal);
  return await whileTelling(told, options.onEvent, given, action, ({ pin }) => pin[Symbol.dispose]());
}

async function pullTelling(
  store: Store,
  name: ImageName,
  options: PullOptions,
  onEvent: OnPullEvent,
  given: AbortSignal | undefined,
): Promise<PulledImage> {
  const abort = new AbortController();
  const giveUp = () => abort.abort();
  if (given?.aborted === true) giveUp();
  given?.addEventListener("abort", giveUp, { once: true });
  const settings = registrySettings(options.registry);
  const { parallel } = settings.timing;
  try {
    using registry = new RemoteRegistry(name, settings, abort.signal);
    using reader = new Reader({ registry: askedAlready(registry, name), signal: abort.signal });
    reader.start();
    using _ = await store.pins.holdFor(PULL);
    return await new Pull({ store, name, options, parallel, registry, reader, abort, onEvent }).finish();
  } finally {
    given?.removeEventListener("abort", giveUp);
  }
}

/** Requests at once what the reader will request first, so that the network works while the reader starts. */
function askedAlready(registry: RemoteRegistry, { tag, digest }: ImageName): Registry {
  const reference = digest ?? tag ?? "latest";
  let first: ReturnType<Registry["manifest"]> | undefined = registry.manifest(reference);
  first.catch(() => undefined);
  return {
    async manifest(asked) {
      const answer = asked === reference ? first : undefined;
      first = undefined;
      return await (answer ?? registry.manifest(asked));
    },
    referrers: async (of) => await registry.referrers(of),
    document: async (of, maximum) => await registry.document(of, maximum),
  };
}

interface Parts {
  readonly store: Store;
  readonly name: ImageName;
  readonly options: PullOptions;
  readonly parallel: number;
  readonly registry: RemoteRegistry;
  readonly reader: Reader;
  readonly abort: AbortController;
  readonly onEvent: OnPullEvent;
}

/** The reader's result. */
type RemoteImage = Awaited<ReturnType<Reader["resolve"]>>;

class Pull {
  readonly #store: Store;
  readonly #name: ImageName;
  readonly #options: PullOptions;
  readonly #parallel: number;
  readonly #registry: RemoteRegistry;
  readonly #reader: Reader;
  readonly #abort: AbortController;
  readonly #onEvent: OnPullEvent;

  constructor({ store, name, options, parallel, registry, reader, abort, onEvent }: Parts) {
    this.#store = store;
    this.#name = name;
    this.#options = options;
    this.#parallel = parallel;
    this.#registry = registry;
    this.#reader = reader;
    this.#abort = abort;
    this.#onEvent = onEvent;
  }

  async finish(): Promise<PulledImage> {
    const since = performance.now();
    const image = formatImageName(this.#name);
    const fetcher = new Fetcher(this.#registry, this.#store, this.#parallel, this.#onEvent, this.#abort);
    this.#onEvent({ type: "resolving", image });
    const remote = await this.#reader.resolve(this.#name);
    const { layers } = remote;
    // Not earlier: until now the starting helpers need the processors.
    void prepareToUnpack(this.#options.sandbox ?? {});
    this.#onEvent({
      type: "resolved",
      image,
      digest: remote.digest,
      layers: layers.map(({ digest, sizeBytes: totalBytes }) => ({ digest, totalBytes })),
    });
    await this.#verify(remote);
    const pin = await this.#store.pins.use(chainKey(layers), treeKeys(layers));
    const pulled = await this.#bring(fetcher, remote, image).catch((error: unknown) => {
      pin[Symbol.dispose]();
      throw error;
    });
    await this.#store.names.put(pulled.record);
    const durationMs = Math.round(performance.now() - since);
    this.#onEvent({
      type: "pulled",
      image,
      digest: remote.digest,
      downloadedBytes: fetcher.downloadedBytes,
      durationMs,
    });
    return { ...pulled, pin };
  }

  /** Before anything of the image but its manifest is fetched. */
  async #verify({ digest, manifest }: RemoteImage): Promise<void> {
    const { rule } = this.#options;
    if (rule === undefined) return;
    const { requireSignature } = await import("../signatures/verify.js");
    const image = { name: this.#name, digest, manifest: manifest.digest };
    await requireSignature(this.#store, image, rule, this.#reader, true);
  }

  async #bring(
    fetcher: Fetcher,
    { digest, manifest, bytes: document, configuration, layers: wanted }: RemoteImage,
    name: string,
  ): Promise<Omit<PulledImage, "pin">> {
    const limits = await this.#limits(wanted);
    if (configuration.sizeBytes > DOCUMENT_BYTES) throw tooLarge("configuration", name);
    await this.#store.blobs.put(manifest.digest, document);
    await fetcher.fetch(configuration);
    const bytes = await this.#store.blobs.document(configuration.digest, configuration.sizeBytes);
    // Read before any layer is requested: an image that cannot run here is not downloaded.
    const { config, diffIds } = await this.#reader.configuration(bytes, wanted.length);
    const { all, open } = fetcher.begin(wanted);
    const layers = layersOf({ layers: wanted, diffIds }, (layer) => {
      const totalBytes = wanted.find((each) => each.digest === layer)?.sizeBytes ?? 0;
      this.#onEvent({ type: "layer", digest: layer, state: "unpacking", bytes: totalBytes, totalBytes });
      return open(layer);
    });
    const unpacked = unpackInto(this.#store, layers, { ...this.#options.sandbox, limits, signal: this.#abort.signal });
    const { paths } = await this.#both(all, unpacked);
    const record: NameRecord = {
      format: 1,
      name,
      digest,
      manifest: { digest: manifest.digest, mediaType: manifest.mediaType, sizeBytes: document.length },
      configuration,
      layers: layers.map(({ digest: layer, sizeBytes, diffId }) => ({ digest: layer, sizeBytes, diffId })),
      config,
      pulledAt: new Date().toISOString(),
    };
    return { record, paths };
  }

  /** Report the first failure; the other task was cancelled because of it. */
  async #both<T>(downloaded: Promise<void>, unpacked: Promise<T>): Promise<T> {
    let reason: unknown;
    const note = (error: unknown) => {
      reason ??= error;
      this.#abort.abort();
    };
    downloaded.catch(note);
    unpacked.catch(note);
    const [, tree] = await Promise.allSettled([downloaded, unpacked]);
    if (reason !== undefined) throw reason;
    if (tree.status === "rejected") throw tree.reason;
    return tree.value;
  }

  async #limits(layers: readonly { readonly sizeBytes: number }[]): Promise<Partial<UnpackLimits>> {
    const limits = { ...DEFAULT_UNPACK_LIMITS, ...this.#options.limits };
    const total = layers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    if (total > limits.bytes) throw tooLarge("max-bytes", formatImageName(this.#name));
    return { ...limits, bytes: Math.min(limits.bytes, await roomFor(this.#store, layers, limits.bytes)) };
  }
}

function tooLarge(detail: string, path: string): BulkheadError {
  return new BulkheadError("IMAGE_LIMIT", { operation: "pull", path, detail });
}
