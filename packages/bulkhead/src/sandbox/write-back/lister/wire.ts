import * as z from "zod/mini";

/** What the library and the lister tell each other. */

/** The kind of the process: the name of its script. */
export const LISTER = "lister";

/** Which of the sandbox's writable directories. */
const directory = z.number().check(z.int(), z.gte(0));
const text = z.string();

export const beginSchema = z.strictObject({ directory, at: text, apart: z.array(text) });
export const directorySchema = z.strictObject({ directory });
export const failedSchema = z.strictObject({ directory, paths: z.array(text) });
export type Begin = z.output<typeof beginSchema>;

/** Paths that are told of in one call. */
export const FAILED_AT_ONCE = 1000;
