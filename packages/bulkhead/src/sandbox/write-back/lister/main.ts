import { BulkheadError } from "../../../errors/bulkhead-error.js";
import { serve } from "../../../helpers/inside.js";
import type { Peer } from "../../../helpers/peer.js";
import { type DirectoryEntry, readEntry } from "../../../session/files/entries.js";
import { LineDecoder } from "../../../session/files/lines.js";
import { isOwnName } from "../../../session/host-files/names.js";
import { type Change, changesBetween, knownAfter, type Put } from "../changes.js";
import { type InsideEntry, type Listing, listInside } from "../inside.js";
import { type Begin, beginSchema, directorySchema, failedSchema } from "./wire.js";

// The lister's whole program: it decodes a guest's listings, remembers them, and reports the changes.

interface Known {
  readonly place: Begin;
  /** State of the copy when it last matched the host. */
  entries: ReadonlyMap<string, InsideEntry>;
  /** Paths that could not be listed at the start. */
  readonly odd: ReadonlySet<string>;
  now: Listing | undefined;
  failed: Set<string>;
}

serve((library) => {
  const directories = new Map<number, Known>();
  const knownOf = (directory: number): Known => {
    const known = directories.get(directory);
    if (known === undefined) throw new BulkheadError("HELPER_FAILED", { operation: "list", detail: "not begun" });
    return known;
  };
  return {
    async begin(value) {
      const place = beginSchema.parse(value);
      const { entries, left } = await listInside(place.at, new Set(place.apart), listing(library));
      const odd = new Set(left.map(({ path }) => path));
      directories.set(place.directory, { place, entries, odd, now: undefined, failed: new Set() });
      return { value: { unnamed: left.some(({ path, why }) => why === "name" && !isOwnName(path)) } };
    },
    async changes(value) {
      const known = knownOf(directorySchema.parse(value).directory);
      const { at, apart } = known.place;
      const now = await listInside(at, new Set(apart), listing(library));
      known.now = now;
      known.failed = new Set();
      return { value: null, body: lines(known, now) };
    },
    async failed(value) {
      const { directory, paths } = failedSchema.parse(value);
      const { failed } = knownOf(directory);
      for (const path of paths) failed.add(path);
      return { value: null };
    },
    async settled(value) {
      const known = knownOf(directorySchema.parse(value).directory);
      if (known.now !== undefined) known.entries = knownAfter(known.entries, known.now, known.failed);
      known.now = undefined;
      return { value: null };
    },
  };
});

/** Lists one directory entry by entry. The library passes the guest's bytes on unchanged. */
function listing(library: Peer) {
  return async function* (path: string): AsyncGenerator<DirectoryEntry> {
    const { body } = await library.call("list", { path });
    const decoder = new LineDecoder();
    for await (const chunk of body ?? []) for (const line of decoder.push(chunk)) yield readEntry(line);
  };
}

async function* lines({ entries, odd }: Known, now: Listing): AsyncGenerator<Buffer> {
  for (const { path, why } of now.left) if (!odd.has(path)) yield line({ path, left: why });
  const { tree, special } = changesBetween(entries, now);
  for (const path of special) yield line({ path, left: "kind" });
  yield* changed(tree, "");
}

/** Yields each change before those below it. */
function* changed(tree: ReadonlyMap<string, Change>, parent: string): Generator<Buffer> {
  for (const [name, { gone, put, below }] of tree) {
    const path = parent === "" ? name : `${parent}/${name}`;
    if (gone !== undefined || put !== undefined) yield line({ path, gone: gone?.type, put: told(put) });
    yield* changed(below, path);
  }
}

function told(put: Put | undefined) {
  if (put === undefined) return undefined;
  const { type, mode, mtimeMs, target } = put;
  return { type, mode, mtimeMs, target };
}

function line(value: object): Buffer {
  return Buffer.from(`${JSON.stringify(value)}\n`);
}
