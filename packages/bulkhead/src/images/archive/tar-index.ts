import { posix } from "node:path";
import { invalid } from "../documents/invalid.js";
import { type ReadsAt, readRange } from "../files/regular.js";
import { BLOCK_BYTES, parseHeader, type TarHeader } from "./header.js";
import { parsePax } from "./pax.js";

/** Where a file's bytes are in the archive. */
export interface TarFile {
  readonly start: number;
  readonly sizeBytes: number;
}

/** Entries of a `docker save` archive: three for each layer and a few more. */
const ENTRIES = 10_000;
const EXTENSION_BYTES = 64 * 1024;

/**
 * Indexes the files of a tar. Reads only headers and unpacks nothing: layers are streamed from the archive itself.
 * Strict where tar readers disagree, for the same reason as `warden/unpack`. Throws IMAGE_INVALID.
 */
export async function indexTar(handle: ReadsAt, sizeBytes: number, path: string): Promise<TarIndex> {
  const files = new Map<string, TarFile>();
  const links = new Map<string, string>();
  let extension: ReturnType<typeof parsePax> = {};
  let entries = 0;
  for (let at = 0; ; ) {
    if (at + BLOCK_BYTES > sizeBytes) throw invalid("read archive", "truncated", path);
    const header = parseHeader(await readRange(handle, at, BLOCK_BYTES, BLOCK_BYTES, path));
    if (header === undefined) return new TarIndex(files, links);
    entries += 1;
    if (entries > ENTRIES) throw invalid("read archive", `more than ${ENTRIES} entries`, path);
    const start = at + BLOCK_BYTES;
    const size = entrySize(header, extension.sizeBytes);
    if (size > sizeBytes - start) throw invalid("read archive", "truncated", path);
    at = start + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
    if (header.type === "x" || header.type === "L" || header.type === "K") {
      const more = extensionOf(header, await readRange(handle, start, size, EXTENSION_BYTES, path));
      if (Object.keys(more).some((key) => key in extension)) throw invalid("read archive", "duplicate extension");
      extension = { ...extension, ...more };
      continue;
    }
    if (header.type === "g") continue;
    const name = posix.normalize(extension.name ?? header.name);
    if (files.has(name) || links.has(name)) throw invalid("read archive", "duplicate entry", path);
    if (header.type === "0") files.set(name, { start, sizeBytes: size });
    else if (header.type === "2") links.set(name, extension.link ?? header.link);
    else if (header.type !== "5") throw invalid("read archive", "entry type", path);
    extension = {};
  }
}

/** Looks up names. Follows a link once and only to a name in the archive: `docker save` shares layers this way. */
export class TarIndex {
  readonly #files: ReadonlyMap<string, TarFile>;
  readonly #links: ReadonlyMap<string, string>;

  constructor(files: ReadonlyMap<string, TarFile>, links: ReadonlyMap<string, string>) {
    this.#files = files;
    this.#links = links;
  }

  /** Throws IMAGE_INVALID if the file does not exist. */
  find(name: string): TarFile {
    const target = this.#links.get(name);
    const resolved = target === undefined ? name : posix.normalize(posix.join(posix.dirname(name), target));
    const file = this.#files.get(resolved);
    if (file === undefined) throw invalid("read archive", "missing file", name.slice(0, 256));
    return file;
  }
}

function entrySize(header: TarHeader, pax: number | undefined): number {
  if (pax !== undefined && header.sizeBytes !== 0 && header.sizeBytes !== pax) {
    throw invalid("read archive", "pax size differs from header");
  }
  const size = pax ?? header.sizeBytes;
  if (size !== 0 && "25".includes(header.type)) throw invalid("read archive", "data behind an entry that has none");
  return size;
}

function extensionOf(header: TarHeader, data: Uint8Array): ReturnType<typeof parsePax> {
  if (header.type === "x") return parsePax(data);
  const name = new TextDecoder("latin1").decode(data).replace(/\0$/, "");
  if (name === "" || name.includes("\0")) throw invalid("read archive", "long name");
  return header.type === "L" ? { name } : { link: name };
}
