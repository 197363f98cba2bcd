import type * as z from "zod/mini";
import { Helper } from "../../helpers/helper.js";
import type { Answered, Methods } from "../../helpers/peer.js";
import { unexpected } from "../../helpers/unexpected.js";
import { DOCUMENT_BYTES } from "../documents/bounds.js";
import { type Digest, digestOf } from "../reference/digest.js";
import type { ImageName } from "../reference/name.js";
import type { Registry } from "../registry/registry.js";
import {
  archiveReadSchema,
  type archiveSchema,
  blobSchema,
  configuredSchema,
  digestSchema,
  documentSchema,
  fileSchema,
  layoutReadSchema,
  READER,
  referenceSchema,
  resolvedSchema,
  verifiedSchema,
  type verifySchema,
} from "./wire.js";

/** The reader's sources. */
export interface ReaderSources {
  /** For `resolve` and `verify`. */
  readonly registry?: Registry | undefined;
  /** For `layout`: files with fixed names, and blobs with the promised digest and size. */
  readonly layout?: {
    file(name: "oci-layout" | "index.json"): Promise<Uint8Array>;
    blob(digest: Digest, sizeBytes: number): Promise<Uint8Array>;
  };
  /** For `archive`: a descriptor open for reading. */
  readonly archive?: number;
  readonly signal?: AbortSignal | undefined;
}

/** The reader answers only after it has read the whole archive. */
const ARCHIVE_SILENCE_MS = 15 * 60_000;

/** Total bytes of all documents for one reader: the 64 documents of an index, and signatures, are far less. */
const HANDED_BYTES = 128 * 1024 * 1024;

/**
 * A process without any privileges that parses documents, signatures and archives. The library checks the form of its
 * answers; each digest it names is checked by the caller, or belongs to bytes that passed through here.
 */
export class Reader implements Disposable {
  readonly #sources: ReaderSources;
  readonly #seen = new Map<Digest, Uint8Array>();
  #helper: Helper | undefined;
  #handedBytes = 0;

  constructor(sources: ReaderSources) {
    this.#sources = sources;
  }

  /** Starts the process ahead of use. Throws as `Helper.start`. */
  start(): Helper {
    const { archive } = this.#sources;
    this.#helper ??= Helper.start({
      kind: READER,
      methods: this.#methods(),
      ...(archive === undefined ? {} : { descriptors: [archive] }),
    });
    return this.#helper;
  }

  [Symbol.dispose](): void {
    this.#helper?.[Symbol.dispose]();
  }

  /**
   * The image that a name means in the registry, for this platform. Throws IMAGE_NOT_FOUND, IMAGE_INVALID, IMAGE_LIMIT,
   * REGISTRY_*, HELPER_*.
   */
  async resolve({ registry, repository, tag, digest }: ImageName) {
    const found = await this.#ask("resolve", { registry, repository, tag, digest }, resolvedSchema);
    if (digest !== undefined && found.digest !== digest) throw unexpected("resolve");
    this.document(found.digest);
    return { ...found, bytes: this.document(found.manifest.digest) };
  }

  /** Configuration of the resolved image. Throws IMAGE_INVALID, IMAGE_NOT_FOUND, HELPER_*. */
  async configuration(bytes: Uint8Array, layers: number) {
    const found = await this.#ask("configuration", { bytes: base64(bytes) }, configuredSchema);
    if (found.diffIds.length !== layers) throw unexpected("read configuration");
    return found;
  }

  /** Throws as `resolve`. */
  async layout(path: string, tag: string | undefined) {
    const found = await this.#ask("layout", { path, tag }, layoutReadSchema);
    if (found.diffIds.length !== found.layers.length) throw unexpected("read layout");
    return found;
  }

  /** Throws as `resolve`. */
  async archive(asked: z.output<typeof archiveSchema>) {
    const found = await this.#ask("archive", asked, archiveReadSchema, ARCHIVE_SILENCE_MS);
    const inside = ({ start, sizeBytes }: { start: number; sizeBytes: number }) => start + sizeBytes <= asked.sizeBytes;
    if (!inside(found.configuration) || !found.layers.every(inside)) throw unexpected("read archive");
    return found;
  }

  /** Throws SIGNATURE_*, IMAGE_INVALID, IMAGE_LIMIT, REGISTRY_*, HELPER_*. */
  async verify(asked: z.output<typeof verifySchema>) {
    const found = await this.#ask("verify", asked, verifiedSchema);
    if (found.keep !== null && !asked.digests.includes(found.keep.of)) throw unexpected("verify");
    return found;
  }

  /** A document that was passed to the reader. */
  document(digest: Digest): Uint8Array {
    const bytes = this.#seen.get(digest);
    if (bytes === undefined) throw unexpected("read document");
    return bytes;
  }

  async #ask<Schema extends z.ZodMiniType>(
    method: string,
    value: unknown,
    schema: Schema,
    silenceMs?: number,
  ): Promise<z.output<Schema>> {
    const received = await this.start().call(method, value, this.#sources.signal, silenceMs);
    const parsed = schema.safeParse(received.value);
    if (received.body !== undefined || !parsed.success) throw unexpected(method);
    return parsed.data;
  }

  #methods(): Methods {
    const { registry, layout } = this.#sources;
    const hand = (bytes: Uint8Array | undefined): Answered => {
      this.#handedBytes += bytes?.length ?? 0;
      if (this.#handedBytes > HANDED_BYTES) throw unexpected("read documents without end");
      return { value: bytes === undefined ? null : base64(bytes) };
    };
    const see = (bytes: Uint8Array): Uint8Array => {
      this.#seen.set(digestOf(bytes), bytes);
      return bytes;
    };
    return {
      async manifest(value) {
        const { bytes, mediaType } = await there(registry).manifest(parse(referenceSchema, value).reference);
        return { value: { bytes: hand(see(bytes)).value, mediaType: mediaType ?? null } };
      },
      async referrers(value) {
        return hand(await there(registry).referrers(parse(digestSchema, value).digest));
      },
      async document(value) {
        const { digest, maximum } = parse(documentSchema, value);
        if (maximum > DOCUMENT_BYTES) throw unexpected("get blob");
        return hand(await there(registry).document(digest, maximum));
      },
      async file(value) {
        return hand(await there(layout).file(parse(fileSchema, value).name));
      },
      async blob(value) {
        const { digest, sizeBytes } = parse(blobSchema, value);
        return hand(see(await there(layout).blob(digest, sizeBytes)));
      },
    };
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

function there<T>(source: T | undefined): T {
  if (source === undefined) throw unexpected("read");
  return source;
}

function parse<Schema extends z.ZodMiniType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw unexpected("read");
}
