import { pipeline } from "node:stream/promises";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Sandbox, SandboxOptions } from "../../sandbox/sandbox.js";
import type { ImageLayer } from "../image.js";
import type { TreeRecord } from "../store/store.js";
import type { UnpackLimits } from "./limits.js";
import { type LayerReport, readReport } from "./report.js";
import { createUnpackSandbox, TREE, UNPACKER, unpackPolicy } from "./sandbox.js";
import { verified } from "./verified.js";

const REPORT_BYTES = 64 * 1024;

/**
 * Unpacks layers, lowest first, into the directory `root`: in one sandbox of Bulkhead's own, which sees nothing else of
 * the host. This process only hashes compressed bytes; it decompresses nothing and reads no tar.
 *
 * Throws IMAGE_INVALID, IMAGE_LIMIT, IMAGE_UNPACK_FAILED, and what creating a sandbox throws.
 */
export async function unpackLayers(
  layers: readonly ImageLayer[],
  root: string,
  limits: UnpackLimits,
  options: SandboxOptions,
): Promise<TreeRecord> {
  try {
    return await unpackAll(layers, root, limits, options);
  } catch (error) {
    // The sandbox is killed when its time is up, whatever goes on in it then.
    if (!(error instanceof BulkheadError) || error.code !== "TIMED_OUT") throw error;
    throw new BulkheadError("IMAGE_LIMIT", { operation: "unpack image", detail: "time", cause: error });
  }
}

async function unpackAll(
  layers: readonly ImageLayer[],
  root: string,
  limits: UnpackLimits,
  options: SandboxOptions,
): Promise<TreeRecord> {
  await using sandbox = await createUnpackSandbox(unpackPolicy(root, limits), options);
  let entries = 0;
  let bytes = 0;
  for (const [number, layer] of layers.entries()) {
    const left = { ...limits, entries: limits.entries - entries, bytes: limits.bytes - bytes };
    const argv = argvFor(left, number === layers.length - 1);
    const report = await unpackLayer(sandbox, argv, layer, options.signal);
    entries += report.entries;
    bytes += report.bytes;
  }
  return { layers: layers.map(({ digest }) => digest), entries, bytes };
}

async function unpackLayer(
  sandbox: Sandbox,
  argv: readonly string[],
  layer: ImageLayer,
  signal: AbortSignal | undefined,
): Promise<LayerReport> {
  const process = await sandbox.exec(argv, {
    stdin: "pipe",
    buffer: true,
    outputBytes: REPORT_BYTES,
    ...(signal === undefined ? {} : { signal }),
  });
  const { stdin } = process;
  if (stdin === null) throw new BulkheadError("IMAGE_UNPACK_FAILED", { operation: "open stdin" });
  const feed = pipeline(verified(layer), stdin);
  // It would wait for the rest for ever: a stream that failed must not look like one that ended.
  feed.catch(() => process.kill("SIGKILL"));
  const [fed, ended] = await Promise.allSettled([feed, process.result]);
  // A layer that is not what was promised decides, whatever the unpacker made of the part that it got.
  if (fed.status === "rejected" && fed.reason instanceof BulkheadError) throw fed.reason;
  if (ended.status === "rejected") throw ended.reason;
  const report = readReport(ended.value, layer);
  // It says that all is well and has not read everything: then it is not well.
  if (fed.status === "fulfilled") return report;
  throw new BulkheadError("IMAGE_UNPACK_FAILED", { operation: "feed layer", path: layer.digest, cause: fed.reason });
}

/** Only the last run flushes: it flushes the whole file system, and so what the others wrote. */
function argvFor(limits: UnpackLimits, last: boolean): string[] {
  const bounds = { entries: limits.entries, bytes: limits.bytes, ratio: limits.ratio, depth: limits.depth };
  const flags = Object.entries(bounds).flatMap(([name, value]) => [`--max-${name}`, String(Math.max(0, value))]);
  return [UNPACKER, "--dest", TREE, ...flags, ...(last ? ["--sync"] : [])];
}
