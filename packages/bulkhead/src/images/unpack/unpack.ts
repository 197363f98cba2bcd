import { rmdir } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { TaskOptions } from "../../internal/plan.js";
import type { Session } from "../../session/session.js";
import { defined } from "../../values/defined.js";
import type { ImageLayer } from "../image.js";
import type { TreeDirectories, TreeRecord } from "../store/store.js";
import type { UnpackLimits } from "./limits.js";
import { type LayerReport, readReport } from "./report.js";
import { createUnpackSession, HIDDEN, keepsOwners, LAYER, UNPACKER } from "./sandbox.js";
import { verified } from "./verified.js";

const REPORT_BYTES = 64 * 1024;

export interface LayerOptions {
  /** Whether no other layer is below it. */
  readonly lowest: boolean;
  readonly limits: UnpackLimits;
}

/**
 * Unpacks one layer into its own directories, in its own sandbox, which sees no other host files. This process only
 * hashes compressed bytes; it neither decompresses nor parses tar.
 *
 * Throws IMAGE_INVALID, IMAGE_LIMIT, IMAGE_UNPACK_FAILED, and as creating a sandbox does.
 */
export async function unpackLayer(
  layer: ImageLayer,
  directories: TreeDirectories,
  { lowest, limits }: LayerOptions,
  options: TaskOptions,
): Promise<TreeRecord> {
  try {
    await using session = await createUnpackSession(directories, limits, options);
    const report = await feed(session, argvFor(limits, lowest), layer, options.signal);
    const { everything, directories: hides } = report.hidden;
    // overlayfs needs it only if it contains something.
    if (hides === 0) await rmdir(directories.hidden);
    return {
      layer: layer.digest,
      diffId: layer.diffId,
      entries: report.entries,
      implied: report.implied,
      bytes: report.bytes,
      hides: everything ? "everything" : hides > 0 ? "directories" : "nothing",
    };
  } catch (error) {
    // The sandbox is killed when its time is up, in any state.
    if (!(error instanceof BulkheadError) || error.code !== "TIMED_OUT") throw error;
    throw new BulkheadError("IMAGE_LIMIT", { operation: "unpack image", detail: "time", cause: error });
  }
}

async function feed(
  session: Session,
  argv: readonly string[],
  layer: ImageLayer,
  signal: AbortSignal | undefined,
): Promise<LayerReport> {
  const process = await session.exec(argv, {
    stdin: "pipe",
    buffer: true,
    outputBytes: REPORT_BYTES,
    ...defined({ signal }),
  });
  const { stdin } = process;
  if (stdin === null) throw new BulkheadError("IMAGE_UNPACK_FAILED", { operation: "open stdin" });
  const fed = pipeline(verified(layer), stdin);
  // It would wait forever for the rest: a failed stream must not look like one that ended.
  fed.catch(() => process.kill("SIGKILL"));
  const [read, ended] = await Promise.allSettled([fed, process.result]);
  // A layer that is not the promised one decides, whatever the unpacker made of the part it received.
  if (read.status === "rejected" && read.reason instanceof BulkheadError) throw read.reason;
  const isFed = ended.status === "rejected" && isStreamFailure(ended.reason);
  if (ended.status === "rejected" && !isFed) throw ended.reason;
  if (isFed || ended.status === "rejected") throw feedFailed(layer, read);
  const report = readReport(ended.value, layer);
  // The unpacker reports success without having read everything, so it failed.
  if (read.status === "fulfilled") return report;
  throw feedFailed(layer, read);
}

function isStreamFailure(error: unknown): boolean {
  return error instanceof BulkheadError && error.code === "STREAM_FAILED";
}

function feedFailed({ digest: path }: ImageLayer, fed: PromiseSettledResult<void>): BulkheadError {
  const cause: unknown = fed.status === "rejected" ? fed.reason : undefined;
  return new BulkheadError("IMAGE_UNPACK_FAILED", { operation: "feed layer", path, cause });
}

function argvFor(limits: UnpackLimits, lowest: boolean): string[] {
  const bounds = { entries: limits.entries, bytes: limits.bytes, ratio: limits.ratio, depth: limits.depth };
  const flags = Object.entries(bounds).flatMap(([name, value]) => [`--max-${name}`, String(Math.max(0, value))]);
  const kind = [...(lowest ? ["--lowest"] : []), ...(keepsOwners() ? ["--owners"] : [])];
  return [UNPACKER, "--dest", LAYER, "--hidden", HIDDEN, ...flags, ...kind];
}
