import { hasOnly, isInteger, isObject, isText, type JsonObject, parseObject } from "../../../channel/json.js";
import { BulkheadError } from "../../../errors/bulkhead-error.js";
import { LineDecoder } from "../../../session/files/lines.js";
import { isOwnName, isPlainName } from "../../../session/host-files/names.js";
import { defined } from "../../../values/defined.js";
import { BOUNDS, type Bounds } from "../bounds.js";
import { type Changes, type Kind, type Put, SET_ID, Tree } from "../changes.js";
import type { LeftWhy } from "../report.js";

/** The lister's result for one directory, after validation. */
export interface Found extends Changes {
  readonly left: readonly { readonly path: string; readonly why: LeftWhy }[];
}

const KINDS: readonly Kind[] = ["file", "directory", "symlink"];
const OTHER_KINDS: readonly string[] = ["fifo", "socket", "char", "block"];
const WHYS: readonly LeftWhy[] = ["kind", "name", "unreadable"];

/**
 * Reads the lister's result. The lister has read hostile input, so its result counts as hostile as well: bounded in
 * number and length, each path made of valid names and present only once, nothing in `apart`, where other mounts are.
 * @throws BulkheadError HELPER_FAILED
 */
export async function readChanges(
  body: AsyncIterable<Buffer>,
  at: string,
  apart: ReadonlySet<string>,
  bounds: Bounds = BOUNDS,
): Promise<Found> {
  const reader = new ChangeReader(at, apart, bounds);
  const decoder = new LineDecoder();
  for await (const chunk of body) for (const line of linesOf(decoder, chunk)) reader.line(line);
  return reader.found();
}

class ChangeReader {
  readonly #at: string;
  readonly #apart: ReadonlySet<string>;
  readonly #bounds: Bounds;
  readonly #tree = new Tree();
  readonly #seen = new Set<string>();
  readonly #files = new Map<string, Put>();
  readonly #links = new Map<string, Put>();
  readonly #setId: string[] = [];
  readonly #left: { readonly path: string; readonly why: LeftWhy }[] = [];
  #count = 0;
  #text = 0;

  constructor(at: string, apart: ReadonlySet<string>, bounds: Bounds) {
    this.#at = at;
    this.#apart = apart;
    this.#bounds = bounds;
  }

  line(bytes: Buffer): void {
    this.#count += 1;
    this.#text += bytes.length;
    // For each old and new entry, up to two lines.
    const most = 4 * this.#bounds.entries;
    if (this.#count > most || this.#text > 4 * this.#bounds.textBytes + 256 * most) throw wrong("too many");
    const value = parseObject(bytes);
    if (value === undefined) throw wrong("not JSON");
    if ("left" in value) this.#leave(value);
    else this.#change(value);
  }

  found(): Found {
    const [files, links, setId] = [this.#files, this.#links, this.#setId];
    return { tree: this.#tree.below, files, links, special: [], setId, left: this.#left };
  }

  #leave(value: JsonObject): void {
    const why = WHYS.find((known) => known === value["left"]);
    const path = value["path"];
    if (!hasOnly(value, ["path", "left"]) || why === undefined || !isText(path, 4 * this.#bounds.pathBytes)) {
      throw wrong("left");
    }
    this.#left.push({ path, why });
  }

  #change(value: JsonObject): void {
    if (!hasOnly(value, ["path", "gone", "put"])) throw wrong("field");
    const path = this.#path(value["path"]);
    const gone = value["gone"] === undefined ? undefined : { type: goneOf(value["gone"]) };
    const put = value["put"] === undefined ? undefined : putOf(value["put"]);
    if (put?.type === "file") this.#files.set(path, put);
    if (put?.type === "symlink") this.#links.set(path, put);
    if (put?.type === "file" && (put.mode & SET_ID) !== 0) this.#setId.push(path);
    this.#tree.at(path, defined({ gone, put }));
  }

  #path(path: unknown): string {
    if (!isText(path, this.#bounds.pathBytes) || this.#seen.has(path)) throw wrong("path");
    const names = path.split("/");
    if (!names.every(isPlainName) || names.length > this.#bounds.depth + 1 || isOwnName(path)) throw wrong("path");
    for (let end = names.length; end > 0; end -= 1) {
      if (this.#apart.has(`${this.#at}/${names.slice(0, end).join("/")}`)) throw wrong("path of another mount");
    }
    this.#seen.add(path);
    return path;
  }
}

function goneOf(type: unknown): string {
  if (typeof type === "string" && (OTHER_KINDS.includes(type) || KINDS.some((kind) => kind === type))) return type;
  throw wrong("gone");
}

function putOf(value: unknown): Put {
  if (!isObject(value) || !hasOnly(value, ["type", "mode", "mtimeMs", "target"])) throw wrong("put");
  const fields = value as Readonly<Partial<Record<keyof Put, unknown>>>;
  const { mode, mtimeMs, target } = fields;
  const type = KINDS.find((kind) => kind === fields.type);
  if (type === undefined || !isInteger(mode, 0, 0o7777) || typeof mtimeMs !== "number") throw wrong("put");
  if (type !== "symlink") return { type, mode, mtimeMs };
  if (!isText(target, 3 * 4096) || target === "" || target.includes("\0")) throw wrong("target");
  return { type, mode, mtimeMs, target };
}

function* linesOf(decoder: LineDecoder, chunk: Buffer): Generator<Buffer> {
  let lines: Buffer[];
  try {
    lines = decoder.push(chunk);
  } catch {
    throw wrong("line");
  }
  yield* lines;
}

function wrong(detail: string): BulkheadError {
  return new BulkheadError("HELPER_FAILED", { operation: "read changes", detail });
}
