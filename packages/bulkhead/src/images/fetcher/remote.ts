import { timerMs } from "../../arguments/durations.js";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { readWhole } from "../../helpers/body.js";
import { Helper } from "../../helpers/helper.js";
import type { Received } from "../../helpers/peer.js";
import { unexpected } from "../../helpers/unexpected.js";
import { DOCUMENT_BYTES } from "../documents/bounds.js";
import type { Digest } from "../reference/digest.js";
import type { ImageName } from "../reference/name.js";
import { localFor } from "../registry/local.js";
import type { Registry, WantedBlob } from "../registry/registry.js";
import type { RegistrySettings, RegistryTiming } from "../registry/settings.js";
import { FETCHER, hostSchema, mediaTypeSchema, type Opening } from "./wire.js";

/**
 * A repository of a registry that a separate process talks to; it starts at the first request, or with `start`. Only
 * the length of its data has been checked.
 */
export class RemoteRegistry implements Registry, Disposable {
  readonly #name: ImageName;
  readonly #settings: RegistrySettings;
  readonly #signal: AbortSignal | undefined;
  readonly #silenceMs: number;
  #helper: Helper | undefined;
  #opened: Promise<unknown> | undefined;

  /** `silenceMs`: limit on a call without progress. Default: the time that all retries of a registry may take. */
  constructor(
    name: ImageName,
    settings: RegistrySettings,
    signal?: AbortSignal,
    silenceMs = silenceOf(settings.timing),
  ) {
    this.#silenceMs = silenceMs;
    this.#name = name;
    this.#settings = settings;
    this.#signal = signal;
  }

  /** Starts the process ahead of the first request. Throws as `Helper.start`. */
  start(): void {
    if (this.#helper !== undefined) return;
    const local = localFor(this.#name.registry, this.#settings, this.#signal);
    this.#helper = Helper.start({
      kind: FETCHER,
      network: true,
      silenceMs: this.#silenceMs,
      methods: {
        roots: async () => ({ value: await local.roots() }),
        certificates: async (value) => ({ value: await local.certificates(hostOf(value)) }),
        credentials: async () => ({ value: (await local.credentials()) ?? null }),
      },
    });
    this.#opened = this.#helper.call("open", opening(this.#name, this.#settings));
    this.#opened.catch(() => undefined);
  }

  /** Ends the process and its work. */
  [Symbol.dispose](): void {
    this.#helper?.[Symbol.dispose]();
  }

  /** Throws IMAGE_NOT_FOUND, IMAGE_LIMIT, REGISTRY_*, HELPER_*, ABORTED. */
  async manifest(reference: string): Promise<{ readonly bytes: Uint8Array; readonly mediaType: string | undefined }> {
    const received = await this.#call("manifest", { reference });
    const told = mediaTypeSchema.safeParse(received.value);
    const bytes = await bounded(received, DOCUMENT_BYTES, "get manifest");
    if (!told.success || bytes === undefined) throw unexpected("get manifest");
    return { bytes, mediaType: told.data.mediaType ?? undefined };
  }

  /** Undefined if the registry does not support it. Throws as `manifest`. */
  async referrers(digest: Digest): Promise<Uint8Array | undefined> {
    return await bounded(await this.#call("referrers", { digest }), DOCUMENT_BYTES, "get referrers");
  }

  /** Throws as `manifest`, and IMAGE_INVALID. */
  async document(digest: Digest, maximum: number): Promise<Uint8Array> {
    const bytes = await bounded(await this.#call("document", { digest, maximum }), maximum, "get blob");
    if (bytes === undefined) throw unexpected("get blob");
    return bytes;
  }

  /** A blob from `offset` on: never more bytes than promised; fewer only with an error. Throws as `document`. */
  async *blob(wanted: WantedBlob, offset: number): AsyncGenerator<Buffer> {
    let left = wanted.sizeBytes - offset;
    if (left === 0) return;
    const { body } = await this.#call("blob", { ...wanted, offset });
    for await (const chunk of body ?? []) {
      left -= chunk.length;
      if (left < 0) break;
      yield chunk;
    }
    if (left !== 0) throw unexpected("download blob");
  }

  /** A blob's URL, for messages. */
  async blobPath(digest: Digest): Promise<string> {
    const { value } = await this.#call("blobPath", { digest });
    return typeof value === "string" ? value.slice(0, 4096) : digest;
  }

  async #call(method: string, value: unknown): Promise<Received> {
    this.start();
    await this.#opened;
    if (this.#helper === undefined) throw unexpected(method);
    return await this.#helper.call(method, value, this.#signal).catch((error: unknown) => {
      // Report the abort under the operation's usual name, whichever request was pending.
      if (error instanceof BulkheadError && error.code === "ABORTED" && this.#signal?.aborted === true)
        throw new BulkheadError("ABORTED", { operation: "pull" });
      throw error;
    });
  }
}

const SHORTEST_SILENCE_MS = 60_000;

/**
 * Each try makes at most three requests, one of them for a token, and waits for a body. `Retry-After` may double the
 * wait between two tries.
 */
function silenceOf({ tries, headMs, paceMs, longestWaitMs }: RegistryTiming): number {
  return timerMs(Math.max(SHORTEST_SILENCE_MS, tries * (3 * headMs + paceMs) + 2 * longestWaitMs * tries));
}

function opening({ registry, repository, tag, digest }: ImageName, settings: RegistrySettings): Opening {
  const timing = Object.entries(settings.timing).map(([name, value]) => [
    name,
    Math.min(value, Number.MAX_SAFE_INTEGER),
  ]);
  return {
    name: { registry, repository, tag, digest },
    settings: {
      insecure: [...settings.insecure],
      tokenServers: [...settings.tokenServers],
      proxy: { https: settings.proxy.https, http: settings.proxy.http, none: settings.proxy.none },
      timing: Object.fromEntries(timing) as RegistryTiming,
    },
  };
}

function hostOf(value: unknown): string {
  const parsed = hostSchema.safeParse(value);
  if (!parsed.success) throw unexpected("read certificates");
  return parsed.data.host;
}

async function bounded({ body }: Received, maximum: number, operation: string): Promise<Uint8Array | undefined> {
  if (body === undefined) return undefined;
  const bytes = await readWhole(body, maximum);
  if (bytes === undefined) throw unexpected(operation);
  return bytes;
}
