import { availableParallelism } from "node:os";
import { Slots } from "../../concurrency/slots.js";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { TaskOptions } from "../../internal/plan.js";
import { invalid } from "../documents/invalid.js";
import type { ImageLayer } from "../image.js";
import { chainKey, impliedKey, layerKeys } from "../reference/chain.js";
import type { Store, StoredTree, TreeDirectories } from "../store/store.js";
import { flushTrees } from "./flush.js";
import { impliedLayer } from "./implied-layer.js";
import { DEFAULT_UNPACK_LIMITS, type UnpackLimits } from "./limits.js";
import { unpackLayer } from "./unpack.js";

export interface UnpackOptions extends TaskOptions {
  readonly limits?: Partial<UnpackLimits> | undefined;
}

/** Layers unpacked at once: each is one process that hardly waits. */
const PARALLEL = Math.min(4, Math.max(2, availableParallelism()));

/** Image layers in the store. */
export interface UnpackedLayers {
  /** Key of all of them together. */
  readonly key: string;
  /** Directories for overlayfs, the topmost first. */
  readonly paths: readonly string[];
}

/**
 * Turns these layers into trees of the store, several at a time: each is already there, or is unpacked now, by one
 * process for all that ask. The caller holds a pin for them. Throws as `unpackLayer`.
 */
export async function unpackInto(
  store: Store,
  layers: readonly ImageLayer[],
  { limits, ...options }: UnpackOptions,
): Promise<UnpackedLayers> {
  const budget = new Budget({ ...DEFAULT_UNPACK_LIMITS, ...limits });
  const slots = new Slots(PARALLEL);
  const abort = new AbortController();
  const signal = options.signal === undefined ? abort.signal : AbortSignal.any([options.signal, abort.signal]);
  const keys = layerKeys(layers);
  const running = new Map<string, Promise<StoredTree>>();
  const all = layers.map((layer, index) => {
    const key = keys[index] ?? "";
    // A layer may occur twice in an image.
    const made =
      running.get(key) ?? slots.use(() => treeOf(store, key, layer, index === 0, budget, { ...options, signal }));
    running.set(key, made);
    return made.then((tree) => budget.pay(layer, tree)).catch((error: unknown) => giveUp(abort, error));
  });
  const trees = await settleAll(all);
  const stacked = stack(trees);
  const top = implies(stacked) ? await topOf(store, layers, stacked, budget, { ...options, signal }) : undefined;
  await flushTrees(store, top === undefined ? keys : [...keys, impliedKey(layers)]);
  return { key: chainKey(layers), paths: pathsOf(stacked, top) };
}

/** The directories for overlayfs; undefined if one of the trees is missing. */
export function findStacked(
  store: Store,
  layers: readonly Pick<ImageLayer, "digest">[],
): readonly string[] | undefined {
  const trees = layerKeys(layers).map((key) => store.find(key));
  if (!trees.every((tree) => tree !== undefined)) return undefined;
  const stacked = stack(trees);
  if (!implies(stacked)) return pathsOf(stacked, undefined);
  const top = store.find(impliedKey(layers));
  return top === undefined ? undefined : pathsOf(stacked, top);
}

/** Whether a directory that no entry describes may lie over one that a lower layer describes. */
function implies(stacked: readonly StoredTree[]): boolean {
  return stacked.slice(0, -1).some(({ record }) => record.implied > 0);
}

/** The tree on top of all others, derived from them. */
async function topOf(
  store: Store,
  layers: readonly ImageLayer[],
  stacked: readonly StoredTree[],
  budget: Budget,
  options: TaskOptions,
): Promise<StoredTree> {
  const key = impliedKey(layers);
  const fill = async (directories: TreeDirectories) => {
    const layer = await impliedLayer(stacked.map(({ paths, record }) => ({ paths, implies: record.implied > 0 })));
    return await unpackLayer(layer, directories, { lowest: true, limits: budget.left() }, options);
  };
  return store.find(key) ?? (await store.make(key, fill, options.signal));
}

function pathsOf(stacked: readonly StoredTree[], top: StoredTree | undefined): readonly string[] {
  const paths = stacked.flatMap((tree) => tree.paths);
  return top === undefined || top.record.entries === 0 ? paths : [...top.paths, ...paths];
}

async function treeOf(
  store: Store,
  key: string,
  layer: ImageLayer,
  lowest: boolean,
  budget: Budget,
  options: TaskOptions,
): Promise<StoredTree> {
  const found = store.find(key);
  if (found !== undefined) return found;
  const fill = async (directories: TreeDirectories) =>
    await unpackLayer(layer, directories, { lowest, limits: budget.left() }, options);
  return await store.make(key, fill, options.signal);
}

/**
 * Topmost first. overlayfs refuses a tree that occurs twice, and its lower occurrence shows nothing that the upper one
 * does not: keep the uppermost.
 */
function stack(trees: readonly StoredTree[]): readonly StoredTree[] {
  const stacked: StoredTree[] = [];
  for (const tree of [...trees].reverse()) {
    if (!stacked.some(({ paths }) => paths[0] === tree.paths[0])) stacked.push(tree);
    if (tree.record.hides === "everything") break;
  }
  return stacked;
}

/** Total limits of an image's layers. */
class Budget {
  readonly #limits: UnpackLimits;
  readonly #until: number;
  #entries = 0;
  #bytes = 0;

  constructor(limits: UnpackLimits) {
    this.#limits = limits;
    this.#until = performance.now() + limits.timeMs;
  }

  left(): UnpackLimits {
    const timeMs = Math.max(1, Math.round(this.#until - performance.now()));
    const entries = Math.max(0, this.#limits.entries - this.#entries);
    return { ...this.#limits, entries, bytes: Math.max(0, this.#limits.bytes - this.#bytes), timeMs };
  }

  /**
   * Trees already in the store count as well: whether an image is acceptable must not depend on what came before it.
   */
  pay(layer: ImageLayer, tree: StoredTree): StoredTree {
    const { record } = tree;
    if (record.diffId !== layer.diffId) throw invalid("unpack layer", "diff_id", layer.digest);
    this.#entries += record.entries + record.implied;
    this.#bytes += record.bytes;
    if (this.#entries > this.#limits.entries) throw tooMuch("max-entries", layer);
    if (this.#bytes > this.#limits.bytes) throw tooMuch("max-bytes", layer);
    return tree;
  }
}

function tooMuch(detail: string, { digest }: ImageLayer): BulkheadError {
  return new BulkheadError("IMAGE_LIMIT", { operation: "unpack image", path: digest, detail });
}

function giveUp(abort: AbortController, error: unknown): never {
  abort.abort();
  throw error;
}

/** Waits for all, then throws the error of the first that failed: nothing continues in the background. */
async function settleAll<T>(all: readonly Promise<T>[]): Promise<readonly T[]> {
  const first = Promise.all(all);
  first.catch(() => undefined);
  await Promise.allSettled(all);
  return await first;
}
