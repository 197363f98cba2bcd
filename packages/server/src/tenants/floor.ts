import { LEVELS } from "bulkhead";
import { DEFAULT_RESOURCES, PROTECTIONS, parsePolicy } from "bulkhead/policy";
import * as z from "zod";

const MIB = 1024 ** 2;

/** The most that a policy of the project may ask for, in the units of a resolved policy. */
const maximaSchema = z.strictObject({
  memoryBytes: z
    .int()
    .positive()
    .default(2 * DEFAULT_RESOURCES.memoryBytes),
  pids: z
    .int()
    .positive()
    .default(2 * DEFAULT_RESOURCES.pids),
  milliCpus: z
    .int()
    .positive()
    .default(2 * DEFAULT_RESOURCES.milliCpus),
  diskBytes: z
    .int()
    .positive()
    .default(2 * DEFAULT_RESOURCES.diskBytes),
  timeMs: z.int().positive().default(3_600_000),
  /** The server holds collected output in its memory. */
  outputBytes: z
    .int()
    .positive()
    .max(64 * MIB)
    .default(DEFAULT_RESOURCES.outputBytes),
  openFiles: z
    .int()
    .positive()
    .default(4 * DEFAULT_RESOURCES.openFiles),
});

export type Maxima = z.output<typeof maximaSchema>;

/** Rules of `network.allow`, as in a policy. */
const rules = z.array(z.string().min(1).max(512)).max(256).refine(areRules, "rules such as `packages.example.org:443`");

/** What no request of a project can fall below: the weakest wall and the widest reach that its policies may have. */
export const floorSchema = z.strictObject({
  level: z.enum(LEVELS).default("container"),
  network: z.strictObject({ allow: rules.default([]) }).default({ allow: [] }),
  capabilities: z.array(z.string().max(64)).max(64).default([]),
  require: z.array(z.enum(PROTECTIONS)).default([]),
  maxima: maximaSchema.default(maximaSchema.parse({})),
});

export type Floor = z.output<typeof floorSchema>;

function areRules(allow: readonly string[]): boolean {
  try {
    parsePolicy({ network: { allow } });
    return true;
  } catch {
    return false;
  }
}
