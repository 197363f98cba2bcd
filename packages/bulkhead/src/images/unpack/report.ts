import * as z from "zod/mini";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { ProcessResult } from "../../session/process-result.js";
import { defined } from "../../values/defined.js";
import { invalid } from "../documents/invalid.js";
import { digest } from "../documents/oci.js";
import type { ImageLayer } from "../image.js";

const refusalSchema = z.object({
  error: z.object({
    code: z.enum(["IMAGE_INVALID", "IMAGE_LIMIT", "IMAGE_UNPACK_FAILED"]),
    operation: z.string().check(z.maxLength(64)),
    path: z.optional(z.string().check(z.maxLength(4096))),
    errno: z.optional(z.number().check(z.int())),
    detail: z.optional(z.string().check(z.maxLength(256))),
  }),
});

/**
 * The unpacker's output. It ran on hostile input, so this is a claim: it decides whether the tree is used, but never
 * its name.
 */
const reportSchema = z.union([
  z.object({
    entries: z.number().check(z.int(), z.gte(0)),
    implied: z.number().check(z.int(), z.gte(0)),
    bytes: z.number().check(z.int(), z.gte(0)),
    diffId: digest,
    hidden: z.object({
      names: z.number().check(z.int(), z.gte(0)),
      directories: z.number().check(z.int(), z.gte(0)),
      everything: z.boolean(),
    }),
  }),
  refusalSchema,
]);

export interface LayerReport {
  readonly entries: number;
  /** Directories that no entry describes: an upper bound of those in the result. */
  readonly implied: number;
  readonly bytes: number;
  /** Whiteouts for layers below. */
  readonly hidden: { readonly directories: number; readonly everything: boolean };
}

/** The outcome of one layer. Throws IMAGE_INVALID, IMAGE_LIMIT, IMAGE_UNPACK_FAILED. */
export function readReport(result: ProcessResult, layer: ImageLayer): LayerReport {
  const report = parse(result.stdout);
  if (report === undefined || "error" in report !== (result.exitCode !== 0)) {
    const detail = result.signal ?? `exit code ${result.exitCode}`;
    throw new BulkheadError("IMAGE_UNPACK_FAILED", { operation: "unpack layer", path: layer.digest, detail });
  }
  if ("error" in report) throw refused(report.error);
  if (report.diffId !== layer.diffId) throw invalid("unpack layer", "diff_id", layer.digest);
  return report;
}

/** Why decompression failed, according to the unpacker's stderr; undefined if it does not say. */
export function decompressionFailure(stderr: string): BulkheadError | undefined {
  try {
    const parsed = refusalSchema.safeParse(JSON.parse(stderr));
    return parsed.success ? refused(parsed.data.error) : undefined;
  } catch {
    return undefined;
  }
}

function refused({ code, operation, path, errno, detail }: z.output<typeof refusalSchema>["error"]): BulkheadError {
  return new BulkheadError(code, {
    operation,
    ...defined({ path, errno, detail }),
  });
}

function parse(line: string): z.output<typeof reportSchema> | undefined {
  try {
    const parsed = reportSchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
