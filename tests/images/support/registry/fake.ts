import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { architecture, CONFIG, type Descriptor, LAYER, MANIFEST, sha256 } from "../layout.js";

/** A request as it came. */
export interface Seen {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly range: string | undefined;
  readonly method: string;
}

/** Answers a request instead of the registry; false leaves it to the registry. */
export type Hook = (request: IncomingMessage, response: ServerResponse) => boolean;

/** A registry in this process that does what a test wants, and remembers what it was asked. */
export class FakeRegistry implements AsyncDisposable {
  readonly seen: Seen[] = [];
  /** What it has, by digest. */
  readonly blobs = new Map<string, Uint8Array>();
  readonly manifests = new Map<string, { readonly bytes: Uint8Array; readonly mediaType: string }>();
  hook: Hook = () => false;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const { url = "", method = "", headers } = request;
      this.seen.push({ path: url, method, authorization: headers.authorization, range: headers.range });
      response.on("error", () => undefined);
      if (!this.hook(request, response)) this.answer(request, response);
    });
  }

  static async create(): Promise<FakeRegistry> {
    const registry = new FakeRegistry();
    registry.#server.listen(0, "127.0.0.1");
    await once(registry.#server, "listening");
    return registry;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get origin(): string {
    return `http://${this.host}`;
  }

  /** Requests for paths that end so. */
  asked(end: string): readonly Seen[] {
    return this.seen.filter(({ path }) => path.endsWith(end));
  }

  blob(content: Uint8Array | object, mediaType: string): Descriptor {
    const bytes = content instanceof Uint8Array ? content : Buffer.from(JSON.stringify(content));
    const digest = sha256(bytes);
    this.blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  }

  addManifest(content: Uint8Array | object, mediaType: string, tag?: string): Descriptor {
    const bytes = content instanceof Uint8Array ? content : Buffer.from(JSON.stringify(content));
    const digest = sha256(bytes);
    for (const reference of tag === undefined ? [digest] : [digest, tag])
      this.manifests.set(reference, { bytes, mediaType });
    return { mediaType, digest, size: bytes.length };
  }

  /** A right image of these layers under a tag; `more` replaces fields of its manifest. */
  image(
    layers: readonly Uint8Array[],
    tag: string,
    { config = {}, manifest = {} }: { config?: object; manifest?: object } = {},
  ) {
    const rootfs = { type: "layers", diff_ids: layers.map(sha256) };
    return this.addManifest(
      {
        schemaVersion: 2,
        mediaType: MANIFEST,
        config: this.blob({ os: "linux", architecture, rootfs, ...config }, CONFIG),
        layers: layers.map((layer) => this.blob(layer, LAYER)),
        ...manifest,
      },
      MANIFEST,
      tag,
    );
  }

  /** What a registry that behaves would answer. */
  answer(request: IncomingMessage, response: ServerResponse): void {
    const [, kind, reference = ""] = /^\/v2\/[a-z0-9/]+\/(manifests|blobs)\/([^/?]+)$/.exec(request.url ?? "") ?? [];
    const manifest = kind === "manifests" ? this.manifests.get(reference) : undefined;
    const bytes = manifest?.bytes ?? (kind === "blobs" ? this.blobs.get(reference) : undefined);
    if (bytes === undefined) {
      response.writeHead(404).end('{"errors":[{"code":"NAME_UNKNOWN"}]}');
      return;
    }
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    response.setHeader("content-type", manifest?.mediaType ?? "application/octet-stream");
    response.setHeader("content-length", bytes.length - from);
    if (from > 0) response.setHeader("content-range", `bytes ${from}-${bytes.length - 1}/${bytes.length}`);
    response.writeHead(from > 0 ? 206 : 200).end(bytes.subarray(from));
  }
}

/** The path that a request names ends so. */
export function isFor(request: IncomingMessage, end: string): boolean {
  return (request.url ?? "").split("?", 1)[0]?.endsWith(end) === true;
}
