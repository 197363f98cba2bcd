import * as z from "zod/mini";
import { BulkheadError } from "../errors/bulkhead-error.js";

const MIB = 1024 * 1024;
/** Largest report: 20,000 paths, most of them short. */
export const LARGEST_REPORT = 8 * MIB;

export const USES = ["look", "read", "write", "create", "remove", "execute"] as const;
/** How a program used a file. */
export type FileUse = (typeof USES)[number];

const count = () => z.int().check(z.gte(0));
const text = (most: number) => z.string().check(z.maxLength(most));

/** Each counts for one run: a duplicate would count as two. */
function once<Key extends string>(key: Key) {
  return z.refine<readonly Readonly<Record<Key, string>>[]>(
    (entries) => new Set(entries.map((entry) => entry[key])).size === entries.length,
    "twice",
  );
}

/** The output of `bulkhead-observe`. It comes from inside the sandbox: bounded, and checked like all such data. */
const report = z.strictObject({
  version: z.literal(1),
  syscalls: z
    .array(
      z.strictObject({
        // Names become keys, and no call begins with two underscores.
        name: z.string().check(z.regex(/^_?[a-z][a-z0-9_]{0,39}$/)),
        count: count(),
        values: z.optional(z.record(z.string().check(z.regex(/^[0-5]$/)), z.array(count()).check(z.maxLength(256)))),
      }),
    )
    .check(z.maxLength(600), once("name")),
  files: z
    .array(
      z.strictObject({
        path: text(8192).check(z.regex(/^\//)),
        uses: z.array(z.enum(USES)),
        kind: z.enum(["file", "directory", "other", "gone"]),
      }),
    )
    .check(z.maxLength(20_000), once("path")),
  peers: z
    .array(
      z.strictObject({
        call: z.enum(["connect", "bind", "sendto"]),
        family: z.enum(["inet", "inet6", "unix", "netlink", "other"]),
        address: text(256),
        port: count().check(z.lte(65_535)),
      }),
    )
    .check(z.maxLength(1024)),
  cutOff: z.boolean(),
});

/** The kernel requests of one run. */
export type Observation = z.infer<typeof report>;
export type FileSeen = Observation["files"][number];
export type Peer = Observation["peers"][number];

/** Parses a report. @throws BulkheadError LEARN_FAILED if it is invalid */
export function parseObservation(bytes: Uint8Array): Observation {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new BulkheadError("LEARN_FAILED", { operation: "read report", detail: "not JSON", cause });
  }
  const parsed = report.safeParse(value);
  if (parsed.success) return parsed.data;
  const field = parsed.error.issues[0]?.path.join(".") ?? "";
  throw new BulkheadError("LEARN_FAILED", { operation: "read report", detail: field });
}
