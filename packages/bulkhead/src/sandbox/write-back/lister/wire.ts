import * as z from "zod/mini";

/** Messages between the library and the lister. */

/** The helper's kind, which is its script's name. */
export const LISTER = "lister";

/** Index of the sandbox's writable directory. */
const directory = z.number().check(z.int(), z.gte(0));
const text = z.string();

export const beginSchema = z.strictObject({ directory, at: text, apart: z.array(text) });
export const directorySchema = z.strictObject({ directory });
export const failedSchema = z.strictObject({ directory, paths: z.array(text) });
export type Begin = z.output<typeof beginSchema>;

/** Paths to report in one call. */
export const FAILED_AT_ONCE = 1000;
