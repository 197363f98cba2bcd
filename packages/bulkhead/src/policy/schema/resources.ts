import * as z from "zod/mini";
import { duration, size, sizeBetween, whole } from "./values.js";

const MIB = 1024 * 1024;
const TIB = 1024 ** 4;

/** Every limit has a default: only the time can be "unlimited". */
export function resources() {
  return z.strictObject({
    memory: z.optional(sizeBetween(4 * MIB, 16 * TIB)),
    pids: z.optional(whole(2, 4_194_304)),
    cpus: z.optional(
      z
        .number({ error: "a number of processors, such as 0.5" })
        .check(z.gte(0.01, "at least 0.01"), z.lte(1024, "at most 1024")),
    ),
    disk: z.optional(sizeBetween(64 * 1024, 16 * TIB)),
    time: z.optional(
      z.union([z.literal("none"), duration()], { error: 'a time such as "30s", milliseconds, or none' }),
    ),
    output: z.optional(size()),
    openFiles: z.optional(whole(16, 1_048_576)),
  });
}
