/**
 * A process that uses the library until it has made its launches: worker.ts LEVEL LAUNCHES SEED quiet|chaos. Prints a
 * line of JSON for each use.
 */

import { BulkheadError, LEVELS, type Level, Pool } from "bulkhead";
import { Random } from "../../scripts/fuzz/random.js";
import { ACTIONS, type Action, type Context, pooledPolicy } from "./actions.js";
import { sizesOf } from "./growth.js";
import type { Line } from "./lines.js";

/** Uses under way at once. */
const AT_ONCE = 3;
/** One that takes longer hangs. */
const LONGEST_MS = 120_000;
const SIZES_EVERY = 10;

const [, , levelName, launches = "100", seed = "1", mode = "quiet"] = process.argv;
const level = LEVELS.find((name) => name === levelName);
if (level === undefined) throw new Error("usage: worker LEVEL LAUNCHES SEED quiet|chaos");
const random = new Random(Number(seed));
const quiet = mode === "quiet";

function print(line: Line): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function printSizes(): void {
  globalThis.gc?.();
  print({ type: "sizes", sizes: sizesOf("self") });
}

function choose(): Action {
  let number = random.below(ACTIONS.reduce((sum, { weight }) => sum + weight, 0));
  for (const action of ACTIONS) {
    number -= action.weight;
    if (number < 0) return action;
  }
  throw new Error("no action");
}

async function use(action: Action, context: Context): Promise<Line> {
  const begun = performance.now();
  const took = () => Math.round(performance.now() - begun);
  let timer: NodeJS.Timeout | undefined;
  const hangs = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`hung for ${LONGEST_MS} ms`)), LONGEST_MS);
  });
  try {
    await Promise.race([action.perform(context), hangs]);
    return { type: "used", action: action.name, ms: took() };
  } catch (error) {
    // Where processes are killed any use may fail, but never without a code.
    if (!quiet && error instanceof BulkheadError)
      return { type: "lost", action: action.name, ms: took(), code: error.code };
    return { type: "wrong", action: action.name, detail: error instanceof Error ? `${error}` : JSON.stringify(error) };
  } finally {
    clearTimeout(timer);
  }
}

/** Tried again where its first sandbox may be killed. */
async function poolOf(level: Level): Promise<Pool> {
  for (;;) {
    try {
      return await Pool.create(pooledPolicy(level), { min: 1, max: 2 });
    } catch (error) {
      if (quiet || !(error instanceof BulkheadError)) throw error;
    }
  }
}

let left = Number(launches);
const pool = await poolOf(level);
const context: Context = { level, pool, quiet };

async function work(): Promise<void> {
  while (left > 0) {
    left -= 1;
    print(await use(choose(), context));
    if (left % SIZES_EVERY === 0) printSizes();
  }
}

await Promise.all(Array.from({ length: AT_ONCE }, work));
await pool[Symbol.asyncDispose]().catch((error: unknown) => {
  if (quiet) throw error;
});
print({ type: "end" });
